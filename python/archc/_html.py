"""A network in a notebook."""

from __future__ import annotations

from html import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._archc import Network

HEAD = ("name", "layer", "output", "arithmetic", "params", "MACs")


def table(network: Network) -> str:
    """The layers as a table, with what they come to below it."""

    def row(cells: list[str], tag: str = "td") -> str:
        # Numbers stand at the right.
        styles = ["left"] * 4 + ["right"] * 2
        return (
            "<tr>"
            + "".join(f'<{tag} style="text-align:{style}">{cell}</{tag}>' for cell, style in zip(cells, styles))
            + "</tr>"
        )

    def sizes(shape: tuple[int, ...]) -> str:
        return "×".join(map(str, shape))

    def sum_of(number: int | None) -> str:
        return "too many to count" if number is None else f"{number:,}"

    rows = [row(["input", "", sizes(network.input), "", "", ""])]
    for layer in network.layers:
        counts = ["" if number == 0 else sum_of(number) for number in (layer.parameters, layer.macs)]
        rows.append(
            row([escape(layer.name), escape(layer.call), sizes(layer.output), escape(layer.arithmetic or ""), *counts])
        )
    title = f"{escape(network.name)}: {sizes(network.input)} → {sizes(network.output)}"
    below = f"{sum_of(network.parameters)} parameters, {sum_of(network.macs)} multiply–accumulates for one example"
    return f"<table><caption>{title}</caption><thead>{row(list(HEAD), 'th')}</thead><tbody>{''.join(rows)}</tbody></table><p>{below}</p>"
