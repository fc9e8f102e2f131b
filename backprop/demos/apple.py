"""Price of two apples with tax, and what it depends on (section 5.4.1)."""

from backprop import MulLayer, graph
from backprop.demos.settings import Settings


def run(settings: Settings) -> None:
    """Print the price, and its derivatives by everything that goes in; draw the graph."""
    apple, apple_num, tax = 100, 2, 1.1
    mul_apple_layer, mul_tax_layer = MulLayer(), MulLayer()

    apple_price = mul_apple_layer.forward(apple, apple_num)
    price = mul_tax_layer.forward(apple_price, tax)

    dapple_price, dtax = mul_tax_layer.backward(1)
    dapple, dapple_num = mul_apple_layer.backward(dapple_price)

    print(f"price: {price:g}")
    print(f"by the price of an apple:   {dapple:g}")
    print(f"by the number of apples:    {dapple_num:g}")
    print(f"by the tax:                 {dtax:g}")

    if settings.out:
        settings.save(graph.draw(recorded()), "apple.svg")


def recorded() -> graph.Variable:
    """Return the price as a variable that remembers how it came about, after its backward pass."""
    apples, apple = graph.Variable(2, "apples"), graph.Variable(100, "apple")
    tax = graph.Variable(1.1, "tax")
    price = apple * apples * tax
    price.name = "price"
    price.backward()
    return price
