from backprop.graph import Variable
from tests.backprop.graph.graphs import fruit, logistic

DOT = r"""digraph {
  rankdir=LR;
  n0 [label="a \"b\" \\", shape=plaintext];
  n1 [label="", shape=point];
  n2 [label="×", shape=circle];
  n3 [label="", shape=plaintext];
  n0 -> n1 [label="3\n6"];
  n1 -> n2 [label="3\n3"];
  n1 -> n2 [label="3\n3"];
  n2 -> n3 [label="9\n1"];
}
"""

MERMAID = """flowchart LR
  n0["a #34;b#34; #92;"]
  n1((" "))
  n2(("×"))
  n3[" "]
  n0 -->|"3<br/>6"| n1
  n1 -->|"3<br/>3"| n2
  n1 -->|"3<br/>3"| n2
  n2 -->|"9<br/>1"| n3
"""


def square() -> Variable:
    x = Variable(3, 'a "b" \\')
    y = x * x
    y.backward()
    return y


def test_the_graph_in_dot():
    assert square().to_dot() == DOT
    assert square().draw().to_dot() == DOT


def test_the_graph_in_mermaid():
    assert square().to_mermaid() == MERMAID
    assert square().draw().to_mermaid() == MERMAID


def test_without_derivatives():
    y = Variable(3, "x") - 1
    assert 'n0 -> n2 [label="3"];' in y.to_dot()
    assert 'n0 -->|"3"| n2' in y.to_mermaid()
    assert "n1 --> n2" in y.to_mermaid()


def test_the_numbers_of_the_book():
    for text in (fruit().to_dot(), fruit().to_mermaid()):
        assert all(f'"{v}' in text for v in ("100", "2", "150", "3", "1.1", "650", "715"))


def test_names_of_any_letters_stand_on_one_line():
    for text in (logistic().to_dot(), logistic().to_mermaid()):
        assert "りんごの値段" in text
        assert '"結果 の値"' in text
    assert '#60;#38;#34;"]' in logistic().to_mermaid()
    assert r'苹果 <&\""' in logistic().to_dot()
