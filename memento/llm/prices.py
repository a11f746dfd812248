"""What a call costs, from the public price list that genai-prices ships. Nothing is downloaded.

An unknown price is None and never 0: a model that the list does not know, an endpoint that it does
not know (a local server, a proxy), and a list price of nothing for tokens that were used.
"""

from memento.llm.client import Price
from memento.types import Usage


def price_of(model: str, base_url: str) -> Price:
    """The price function of a model at an endpoint, in US dollars."""

    def price(usage: Usage) -> float | None:
        import genai_prices

        counted = genai_prices.Usage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
        try:
            # The endpoint decides: the same model costs something else elsewhere, or nothing.
            found = genai_prices.calc_price(counted, model_ref=model, provider_api_url=base_url)
        except LookupError:
            return None
        return float(found.total_price) or None

    return price
