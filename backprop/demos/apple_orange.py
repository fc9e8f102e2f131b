"""Price of two apples and three oranges with tax, and what it depends on (section 5.4.2)."""

from backprop import AddLayer, MulLayer, graph
from backprop.demos.settings import Settings


def run(settings: Settings) -> None:
    """Print the price, and its derivatives by everything that goes in; draw the graph."""
    apple, apple_num, orange, orange_num, tax = 100, 2, 150, 3, 1.1
    mul_apple_layer, mul_orange_layer, mul_tax_layer = MulLayer(), MulLayer(), MulLayer()
    add_apple_orange_layer = AddLayer()

    apple_price = mul_apple_layer.forward(apple, apple_num)
    orange_price = mul_orange_layer.forward(orange, orange_num)
    all_price = add_apple_orange_layer.forward(apple_price, orange_price)
    price = mul_tax_layer.forward(all_price, tax)

    dall_price, dtax = mul_tax_layer.backward(1)
    dapple_price, dorange_price = add_apple_orange_layer.backward(dall_price)
    dorange, dorange_num = mul_orange_layer.backward(dorange_price)
    dapple, dapple_num = mul_apple_layer.backward(dapple_price)

    print(f"price: {price:g}")
    print(f"by the number of apples:    {dapple_num:g}")
    print(f"by the price of an apple:   {dapple:g}")
    print(f"by the price of an orange:  {dorange:g}")
    print(f"by the number of oranges:   {dorange_num:g}")
    print(f"by the tax:                 {dtax:g}")

    if settings.out:
        settings.save(graph.draw(recorded()), "apple-orange.svg")


def recorded() -> graph.Variable:
    """Return the price as a variable that remembers how it came about, after its backward pass."""
    apples, apple = graph.Variable(2, "apples"), graph.Variable(100, "apple")
    oranges, orange = graph.Variable(3, "oranges"), graph.Variable(150, "orange")
    tax = graph.Variable(1.1, "tax")
    price = (apple * apples + orange * oranges) * tax
    price.name = "price"
    price.backward()
    return price
