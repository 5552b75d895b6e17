"""The price of a European call option and its greeks, the derivatives of the price.

    python examples/black_scholes.py
"""

import math
import sys
from pathlib import Path


def normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def call_price(spot, strike, years, rate, volatility):
    """Black and Scholes's price of a European call on a stock that pays no dividend. All arguments are numbers."""
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    d2 = d1 - spread
    return spot * normal_cdf(d1) - strike * math.exp(-rate * years) * normal_cdf(d2)


def main():
    from generated.black_scholes_grad import value_and_grad_call_price

    print("strike     price     delta     theta       rho      vega")
    for strike in (80.0, 90.0, 100.0, 110.0, 120.0):
        price, (delta, years_bar, rho, vega) = value_and_grad_call_price(100.0, strike, 0.5, 0.03, 0.2)
        theta = -years_bar  # as time goes by, less of it is left
        print(f"{strike:6.1f} {price:9.4f} {delta:9.4f} {theta:9.4f} {rho:9.4f} {vega:9.4f}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()
