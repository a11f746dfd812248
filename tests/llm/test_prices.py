import pytest

from memento.llm.prices import price_of
from memento.types import Usage

USED = Usage(calls=1, input_tokens=1_000_000, output_tokens=100_000)


def test_a_listed_model_at_its_providers_endpoint_has_a_price():
    price = price_of("gpt-4o-mini", "https://api.openai.com/v1")(USED)
    assert price == pytest.approx(0.15 + 0.06)
    assert price_of("gpt-4o-mini", "https://api.openai.com/v1")(
        Usage(calls=1, input_tokens=2_000_000, output_tokens=200_000)
    ) == pytest.approx(2 * price)


@pytest.mark.parametrize(
    ("model", "url"),
    [
        ("gpt-4o-mini", "http://127.0.0.1:11434/v1"),
        ("gpt-4o-mini", "https://proxy.example/v1"),
        ("no-such-model", "https://api.openai.com/v1"),
    ],
)
def test_an_unknown_price_is_none_and_never_nothing(model, url):
    assert price_of(model, url)(USED) is None
