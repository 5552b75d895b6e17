"""Black and Scholes's price of a European call and four of its greeks: a formula of some 15 operations on numbers."""

import math

WRT = ("spot", "years", "rate", "volatility")
SHAPES = "spot=(), strike=(), years=(), rate=(), volatility=()"
SIZES = {"scalar": {}}
REPORTED = ()


def f(spot, strike, years, rate, volatility):
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    d2 = d1 - spread
    discount = math.exp(-rate * years)
    n1 = 0.5 * (1.0 + math.erf(d1 / math.sqrt(2.0)))
    n2 = 0.5 * (1.0 + math.erf(d2 / math.sqrt(2.0)))
    return spot * n1 - strike * discount * n2


def expert(spot, strike, years, rate, volatility):
    """By the chain rule alone: that spot * n'(d1) = strike * discount * n'(d2) is not used."""
    root = math.sqrt(years)
    spread = volatility * root
    drift = rate + 0.5 * volatility**2
    d1 = (math.log(spot / strike) + drift * years) / spread
    d2 = d1 - spread
    discount = math.exp(-rate * years)
    n1 = 0.5 * (1.0 + math.erf(d1 / math.sqrt(2.0)))
    n2 = 0.5 * (1.0 + math.erf(d2 / math.sqrt(2.0)))

    density = 1.0 / math.sqrt(2.0 * math.pi)
    d2_bar = -strike * discount * density * math.exp(-0.5 * d2 * d2)
    d1_bar = spot * density * math.exp(-0.5 * d1 * d1) + d2_bar
    over = d1_bar / spread
    spread_bar = -d2_bar - d1 * over
    paid = strike * discount * n2

    spot_bar = n1 + over / spot
    years_bar = rate * paid + over * drift + 0.5 * spread_bar * volatility / root
    rate_bar = years * (paid + over)
    volatility_bar = over * years * volatility + spread_bar * root
    return spot_bar, years_bar, rate_bar, volatility_bar


def arguments(rng):
    return 100.0 + rng.random(), 105.0, 0.75, 0.03, 0.2


def torch_f(torch, spot, strike, years, rate, volatility):
    spread = volatility * torch.sqrt(years)
    d1 = (torch.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    d2 = d1 - spread
    n1, n2 = (0.5 * (1.0 + torch.erf(d / math.sqrt(2.0))) for d in (d1, d2))
    return spot * n1 - strike * torch.exp(-rate * years) * n2
