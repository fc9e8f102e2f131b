import pytest

from backprop.graph.diagram import Diagram, Numbers, diagram_of
from backprop.graph.layout import Layout, lay_out
from tests.backprop.graph.graphs import branches, fruit, logistic, tangle


def laid_out(result) -> tuple[Diagram, Layout]:
    drawn = diagram_of(result, Numbers())
    return drawn, lay_out(drawn, lambda text: 6.0 * len(text))


def box(drawn: Diagram, plan: Layout, text: str):
    return plan.boxes[[node.text for node in drawn.nodes].index(text)]


def test_variables_stand_at_the_left_and_the_result_at_the_right():
    drawn, plan = laid_out(fruit())
    names = [box(drawn, plan, name) for name in ("apple", "apples", "orange", "oranges", "tax")]
    assert len({b.x + b.width / 2 for b in names}) == 1  # they end where their edges begin
    end = box(drawn, plan, "price")
    assert max(b.x for b in plan.boxes) == end.x < end.x + end.width / 2 < plan.width


def test_a_constant_stands_near_its_use():
    drawn, plan = laid_out(logistic())
    assert box(drawn, plan, "×").x < box(drawn, plan, "-1").x < box(drawn, plan, "exp").x
    assert box(drawn, plan, "exp").x < box(drawn, plan, "1").x < box(drawn, plan, "÷").x


def test_edges_go_to_the_right_in_level_segments():
    for result in (branches(), tangle()):
        drawn, plan = laid_out(result)
        for edge, route in zip(drawn.edges, plan.routes, strict=True):
            source, target = plan.boxes[edge.source], plan.boxes[edge.target]
            ends = [x for segment in route for x in (segment.left, segment.right)]
            assert ends == sorted(ends)
            assert ends[0] == source.x + source.width / 2
            assert target.x - target.width / 2 <= ends[-1] <= target.x
            assert route[0].y == source.y
            assert abs(route[-1].y - target.y) < 15


@pytest.mark.parametrize("seed", range(4))
def test_edges_into_a_sum_or_a_product_do_not_cross_before_it(seed):
    drawn, plan = laid_out(tangle(seed))
    for number, node in enumerate(drawn.nodes):
        if node.text in ("+", "×"):
            into = [i for i, edge in enumerate(drawn.edges) if edge.target == number]
            first, second = sorted(into, key=lambda i: plan.routes[i][-2].y)
            assert plan.routes[first][-1].y < plan.routes[second][-1].y
