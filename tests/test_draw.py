"""Graphs as text, DOT, Mermaid and SVG."""

import re
import shutil
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from gradgen import GradgenError, draw, grad, trace, vjp


def chain(w):
    x = np.sin(w)
    y = np.sin(x)
    return y * 2.0


def layers(W, x, b):
    u = W * x + b
    return np.sum(np.tanh(u) * u, axis=0)


def test_dump_of_a_forward_graph():
    assert draw.dump(trace(chain, shapes="w=()")).split("\n") == [
        "graph chain(w: float())",
        "  x: float() = sin(w)",
        "  y: float() = sin(x)",
        "  multiply_1: float() = multiply(y, 2.0)",
        "  return multiply_1",
        "",
    ]


def test_dump_tells_the_backward_pass_apart():
    text = draw.dump(grad(chain, shapes="w=()").graph)
    forward, backward = text.split("  # backward\n")
    assert "x: float() = sin(w)" in forward
    assert re.search(r"w_bar: float\(\) = .*x_bar", backward)
    assert text.endswith("  return w_bar\n")


def test_every_value_has_a_name_of_its_own():
    text = draw.dump(vjp(layers, wrt="W,x,b", shapes="W=(n,), x=(n,), b=()").graph)
    names = [line.split(":")[0].strip() for line in text.split("\n") if " = " in line]
    assert len(names) == len(set(names)) and "?" not in text


def test_dot_has_every_value_and_edge():
    graph = grad(chain, shapes="w=()").graph
    text = draw.dot(graph)
    count = len(graph.params) + sum(len(node.outputs) for node in graph.nodes)
    assert len(re.findall(r"^  v\d+ \[", text, re.MULTILINE)) == count
    assert draw.FORWARD in text and draw.BACKWARD in text
    assert "style=dashed" in text and "dir=back" in text
    assert "backward" in text.split("\n")[1]
    assert "backward" not in draw.dot(trace(chain)).split("\n")[1]


def test_mermaid():
    text = draw.mermaid(grad(chain, shapes="w=()").graph)
    lines = text.split("\n")
    assert lines[0] == "flowchart BT"
    assert any(line.endswith(":::forward") for line in lines) and any(line.endswith(":::backward") for line in lines)
    assert "-->" in text and "-.->" in text
    assert lines[-3].startswith("  classDef forward")


def test_special_characters_are_escaped():
    def compare(x, y):
        return np.sum(np.where(x < y, x, y))

    graph = grad(compare, shapes="x=(n,), y=(n,)").graph
    assert "< " not in re.sub(r"<(/?(b|font|br)[^>]*)>|label=<|>, ", "", draw.dot(graph)).replace("&lt;", "")
    assert '"' in draw.mermaid(graph)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_svg():
    graph = vjp(layers, wrt="W,x,b", shapes="W=(n, m), x=(m,), b=()").graph
    root = ElementTree.fromstring(draw.svg(graph))
    assert root.tag.endswith("svg")
    texts = {element.text for element in root.iter() if element.tag.endswith("text")}
    assert {"W", "x", "b", "u", "W_bar", "value_bar"} <= texts


def test_svg_without_graphviz(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(GradgenError, match="Graphviz's `dot` on the PATH; install it"):
        draw.svg(trace(chain))


def test_the_text_of_a_graph_shows_its_sub_graphs():
    def f(x, n):
        y = x
        for _ in range(n):
            y = y * x if n > 2 else np.sin(y)
        return y

    text = str(trace(f))
    assert "loop(" in text and "    graph (" in text and "        graph (" in text and "sin(" in text
