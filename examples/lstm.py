"""An LSTM (Hochreiter and Schmidhuber, 1997) that learns to spell a text, letter after letter.

    python examples/lstm.py
"""

import sys
from pathlib import Path

import numpy as np

TEXT = "the cat sat on the mat and the rat sat on the cat and the hat sat on the rat and that was that. "


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def loss(Wx, Wh, b, Wy, by, letters):
    """Mean cross-entropy of the next letter, in nats.

    Wx: (v, 4 k), Wh: (k, 4 k), b: (4 k,), the weights of the gates. Wy: (k, v), by: (v,), those of the letters'
    scores. letters: (T,), numbers below v.
    """
    k = Wh.shape[0]
    h = np.zeros(k)
    c = np.zeros(k)
    total = 0.0
    for t in range(len(letters) - 1):
        gates = Wx[letters[t]] + h @ Wh + b
        i = sigmoid(gates[:k])  # input gate
        f = sigmoid(gates[k : 2 * k])  # forget gate
        o = sigmoid(gates[2 * k : 3 * k])  # output gate
        g = np.tanh(gates[3 * k :])  # candidate
        c = f * c + i * g
        h = o * np.tanh(c)

        scores = h @ Wy + by
        scores = scores - np.max(scores)
        log_p = scores - np.log(np.sum(np.exp(scores)))
        total -= log_p[letters[t + 1]]
    return total / (len(letters) - 1)


def spell(Wx, Wh, b, Wy, by, start, length):
    """The most probable letters after the letters `start`."""
    k = Wh.shape[0]
    h, c = np.zeros(k), np.zeros(k)
    letters = list(start)
    for t in range(length - 1):
        i, f, o, g = np.split(Wx[letters[t]] + h @ Wh + b, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        if t + 1 >= len(letters):
            letters.append(int(np.argmax(h @ Wy + by)))
    return letters


def train(value_and_grad, letters, size, rng, hidden=32, steps=300, rate=0.02):
    """Adam (Kingma and Ba, 2015) on the whole text; returns the weights and the loss of each step."""
    k = hidden
    weights = [
        rng.normal(0.0, 0.2, (size, 4 * k)), rng.normal(0.0, 0.2, (k, 4 * k)), np.zeros(4 * k),
        rng.normal(0.0, 0.2, (k, size)), np.zeros(size),
    ]  # fmt: skip
    means = [np.zeros_like(w) for w in weights]
    squares = [np.zeros_like(w) for w in weights]
    curve = []
    for step in range(1, steps + 1):
        value, bars = value_and_grad(*weights, letters)
        curve.append(value)
        for w, bar, m, s in zip(weights, bars, means, squares, strict=True):
            m += 0.1 * (bar - m)
            s += 0.001 * (bar * bar - s)
            w -= rate * (m / (1.0 - 0.9**step)) / (np.sqrt(s / (1.0 - 0.999**step)) + 1e-8)
        if step == 1 or step % 50 == 0:
            print(f"step {step:3d}   loss {value:.4f}")
    return weights, curve


def main():
    from generated.lstm_grad import value_and_grad_loss

    alphabet = sorted(set(TEXT))
    letters = np.array([alphabet.index(letter) for letter in TEXT])
    weights, _ = train(value_and_grad_loss, letters, len(alphabet), np.random.default_rng(0))
    told = spell(*weights, letters[:1], len(letters))
    print("told:", "".join(alphabet[n] for n in told))
    print(f"letters right: {np.mean(np.array(told) == letters):.1%}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()
