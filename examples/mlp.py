"""The multilayer perceptron of *Deep Learning*, section 6.5.7, trained on handwritten digits.

    python examples/mlp.py

trains by stochastic gradient descent with the generated module generated/mlp_grad.py, which needs NumPy and nothing
else. Back-propagation computes the gradient; what is done with it, here minibatch SGD, is another algorithm.
"""

import sys
from pathlib import Path

import numpy as np


def loss(W1, W2, X, y, weight_decay):
    """Cross-entropy of a network with one hidden layer of rectified linear units, plus weight decay.

    W1: (d, h) and W2: (h, k), the weights. X: (n, d), a minibatch. y: (n,), its classes, integers below k.
    """
    n = X.shape[0]
    H = np.maximum(0.0, X @ W1)
    U = H @ W2
    # The log of the softmax of U; taking off the maximum of each row keeps exp from overflowing.
    Z = U - np.max(U, axis=1, keepdims=True)
    log_p = Z - np.log(np.sum(np.exp(Z), axis=1, keepdims=True))
    J_mle = -np.sum(log_p[np.arange(n), y]) / n
    return J_mle + weight_decay * (np.sum(W1**2) + np.sum(W2**2))


def predict(W1, W2, X):
    """The most probable class of each row of X."""
    return np.argmax(np.maximum(0.0, X @ W1) @ W2, axis=1)


def digits(rng):
    """scikit-learn's 8 x 8 digits, shuffled and split: 80 % to train on, 20 % to test on."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    order = rng.permutation(len(X))
    X, y = X[order] / 16.0, y[order]
    split = int(0.8 * len(X))
    return X[:split], y[:split], X[split:], y[split:]


def train(value_and_grad, X, y, rng, hidden=128, epochs=30, batch=32, rate=0.2, weight_decay=1e-4):
    """Minibatch SGD from random weights; returns the weights and the mean loss of each epoch."""
    classes = y.max() + 1
    W1 = rng.normal(0.0, np.sqrt(2.0 / X.shape[1]), (X.shape[1], hidden))
    W2 = rng.normal(0.0, np.sqrt(2.0 / hidden), (hidden, classes))
    curve = []
    for epoch in range(1, epochs + 1):
        losses = []
        for rows in np.split(rng.permutation(len(X)), range(batch, len(X), batch)):
            value, (W1_bar, W2_bar) = value_and_grad(W1, W2, X[rows], y[rows], weight_decay)
            W1 -= rate * W1_bar
            W2 -= rate * W2_bar
            losses.append(value)
        curve.append(np.mean(losses))
        if epoch == 1 or epoch % 5 == 0:
            print(f"epoch {epoch:2d}   loss {curve[-1]:.4f}   accuracy {np.mean(predict(W1, W2, X) == y):.1%}")
    return W1, W2, curve


def plot(curve, path):
    """Draw the loss curve, where matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no loss curve")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    axes.plot(range(1, len(curve) + 1), curve)
    axes.set(xlabel="epoch", ylabel="loss", yscale="log", title="MLP on digits")
    figure.savefig(path, dpi=120, bbox_inches="tight")
    print(f"loss curve: {path}")


def main():
    from generated.mlp_grad import value_and_grad_loss

    rng = np.random.default_rng(0)
    X, y, X_test, y_test = digits(rng)
    W1, W2, curve = train(value_and_grad_loss, X, y, rng)
    print(f"test accuracy: {np.mean(predict(W1, W2, X_test) == y_test):.2%}")
    plot(curve, "mlp_loss.png")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    sys.modules["gradgen"] = None  # cannot be imported from here on: the generated module does without it
    main()
