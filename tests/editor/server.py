"""Drives `archc lsp` with the client of pygls, as an editor does: server.py PATH_OF_ARCHC"""

import asyncio
import pathlib
import sys
import tempfile

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent


class Editor:
    """A client with what the server has told it."""

    def __init__(self):
        self.client = LanguageClient("archc-tests", "1")
        self.told = {}
        self.news = asyncio.Event()
        self.documents = {}

        @self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _(params):
            self.told[params.uri] = params
            self.news.set()

    async def start(self, program, encodings=None, options=None):
        await self.client.start_io(program, "lsp")
        general = lsp.GeneralClientCapabilities(position_encodings=encodings) if encodings else None
        capabilities = lsp.ClientCapabilities(general=general)
        params = lsp.InitializeParams(capabilities=capabilities, initialization_options=options)
        result = await self.client.initialize_async(params)
        self.client.initialized(lsp.InitializedParams())
        return result.capabilities

    async def stop(self):
        await self.client.shutdown_async(None)
        self.client.exit(None)
        return await asyncio.wait_for(self.client._server.wait(), 30)

    def open(self, path, text, language="yaml"):
        uri = pathlib.Path(path).absolute().as_uri()
        self.documents[uri] = [1, text]
        item = lsp.TextDocumentItem(uri=uri, language_id=language, version=1, text=text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(text_document=item))
        return uri

    def change(self, uri, text):
        """The whole text anew."""
        document = self.documents[uri]
        document[:] = document[0] + 1, text
        name = lsp.VersionedTextDocumentIdentifier(uri=uri, version=document[0])
        changes = [lsp.TextDocumentContentChangeWholeDocument(text=text)]
        self.client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(text_document=name, content_changes=changes)
        )

    def type(self, uri, position, inserted):
        """A few characters, as a keystroke brings them."""
        document = self.documents[uri]
        lines = document[1].split("\n")
        line = lines[position.line]
        lines[position.line] = line[: position.character] + inserted + line[position.character :]
        document[:] = document[0] + 1, "\n".join(lines)
        name = lsp.VersionedTextDocumentIdentifier(uri=uri, version=document[0])
        change = lsp.TextDocumentContentChangePartial(range=lsp.Range(start=position, end=position), text=inserted)
        self.client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(text_document=name, content_changes=[change])
        )

    async def diagnostics(self, uri, wanted=lambda found: True):
        """What is said of the document as it is now."""
        async with asyncio.timeout(30):
            while True:
                found = self.told.get(uri)
                if found and found.version == self.documents[uri][0] and wanted(list(found.diagnostics)):
                    return list(found.diagnostics)
                self.news.clear()
                await self.news.wait()

    def at(self, uri, text, offset=0):
        """The place of some characters of the document, all of which are in the basic plane."""
        lines = self.documents[uri][1].split("\n")
        line, written = next((number, line) for number, line in enumerate(lines) if text in line)
        return lsp.Position(line=line, character=written.index(text) + offset)

    def place(self, uri, text, offset=0):
        return dict(text_document=lsp.TextDocumentIdentifier(uri=uri), position=self.at(uri, text, offset))

    async def hover(self, uri, text):
        return await self.hover_at(uri, self.at(uri, text))

    async def hover_at(self, uri, position):
        name = lsp.TextDocumentIdentifier(uri=uri)
        params = lsp.HoverParams(text_document=name, position=position)
        found = await self.client.text_document_hover_async(params)
        return found.contents.value if found else ""

    async def actions(self, uri, diagnostic):
        context = lsp.CodeActionContext(diagnostics=[diagnostic])
        name = lsp.TextDocumentIdentifier(uri=uri)
        params = lsp.CodeActionParams(text_document=name, range=diagnostic.range, context=context)
        return await self.client.text_document_code_action_async(params) or []

    async def completions(self, uri, text):
        params = lsp.CompletionParams(**self.place(uri, text, len(text)))
        found = await self.client.text_document_completion_async(params) or []
        return [item.label for item in getattr(found, "items", found)]


def edited(text, edits):
    """The text after edits whose columns are characters of the basic plane."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    place = lambda position: starts[position.line] + position.character
    for edit in sorted(edits, key=lambda edit: place(edit.range.start), reverse=True):
        text = text[: place(edit.range.start)] + edit.new_text + text[place(edit.range.end) :]
    return text


def words(text, place):
    """The characters of a range that lies within a line."""
    return text.split("\n")[place.start.line][place.start.character : place.end.character]


async def five_mistakes(editor):
    """Each is found, hovered and fixed, until none is left."""
    text = (HERE / "five.yaml").read_text()
    uri = editor.open(HERE / "five.yaml", text)
    found = await editor.diagnostics(uri, lambda found: len(found) == 5)
    at = {words(text, one.range): one for one in found}
    codes = {word: one.code for word, one in at.items()}
    assert codes == {"widht": "E014", "Conv2d": "E010", "strid": "E011", "ad": "E010", "optimiser": "E004"}, codes
    for word, one in at.items():
        assert one.source == "archc" and one.code_description.href.startswith("https://"), one
        hover = await editor.hover_at(uri, one.range.start)
        assert f"**{one.code}**" in hover and f"archc explain {one.code}" in hover, (word, hover)
    related = [words(text, one.location.range) for one in at["ad"].related_information or []]
    assert related == [], related
    for left in range(5, 0, -1):
        found = await editor.diagnostics(uri, lambda found: len(found) == left)
        actions = await editor.actions(uri, found[0])
        assert actions and actions[0].kind == lsp.CodeActionKind.QuickFix, (found[0], actions)
        text = edited(editor.documents[uri][1], actions[0].edit.changes[uri])
        print(f"{found[0].code} {found[0].message.splitlines()[0]}: {actions[0].title}")
        editor.change(uri, text)
    found = await editor.diagnostics(uri, lambda found: not any(one.severity == 1 for one in found))
    assert "unit {width} as stem" in text and "merge: add" in text and "optimizer: sgd" in text, text
    return uri


async def sound(editor, uri):
    """What is known of a file without mistakes."""
    text = editor.documents[uri][1]
    whole = lsp.Range(start=lsp.Position(0, 0), end=lsp.Position(99, 0))
    name = lsp.TextDocumentIdentifier(uri=uri)
    hints = await editor.client.text_document_inlay_hint_async(lsp.InlayHintParams(text_document=name, range=whole))
    shown = {text.split("\n")[hint.position.line].strip(): hint.label for hint in hints}
    assert shown["- unit {width} as stem"] == "→ 16×32×32", shown
    assert shown["- global_avgpool -> flatten -> linear {classes}"] == "→ 10", shown
    assert shown["- {from: [deep, .], merge: add}"] == "→ 64×16×16", shown
    assert shown["- conv {out} 3x3 s{stride} p1 bias=false -> bn -> relu"] == "→ 16×32×32 | 64×16×16", shown
    hover = await editor.hover(uri, "conv 32 3x3 p1 -> relu")
    assert "16×32×32 → **32×32×32**" in hover and "(32 − 3 + 2·1)/1 + 1 = 32" in hover, hover
    assert "parameters 4,640 · MACs 4,718,592 · receptive field 5" in hover and "### conv" in hover, hover
    assert "`unit`" not in hover and "layers" in await editor.hover(uri, "unit {width}")
    assert "The number of passes over the training data" in await editor.hover(uri, "epochs: 5")

    definition = await editor.client.text_document_definition_async(lsp.DefinitionParams(**editor.place(uri, "deep, .")))
    assert words(text, definition.range) == "deep" and definition.range.start.line == 11, definition
    context = lsp.ReferenceContext(include_declaration=True)
    params = lsp.ReferenceParams(context=context, **editor.place(uri, "unit(out"))
    references = await editor.client.text_document_references_async(params)
    assert [words(text, place.range) for place in references] == ["unit"] * 3, references

    params = lsp.RenameParams(new_name="block", **editor.place(uri, "unit 64"))
    renamed = edited(text, (await editor.client.text_document_rename_async(params)).changes[uri])
    assert renamed == text.replace("unit", "block"), renamed
    params = lsp.RenameParams(new_name="step", **editor.place(uri, "stride=1"))
    renamed = edited(text, (await editor.client.text_document_rename_async(params)).changes[uri])
    assert renamed == text.replace("stride", "step"), renamed
    params = lsp.RenameParams(new_name="conv", **editor.place(uri, "unit 64"))
    try:
        await editor.client.text_document_rename_async(params)
        raise AssertionError("`conv` is a layer")
    except Exception as error:
        assert "`conv` is a layer already" in str(error), error

    symbols = await editor.client.text_document_document_symbol_async(lsp.DocumentSymbolParams(text_document=name))
    outline = {symbol.name: [child.name for child in symbol.children or []] for symbol in symbols}
    assert outline["blocks"] == ["unit"] and outline["layers"] == ["stem", "deep"], outline
    folds = await editor.client.text_document_folding_range_async(lsp.FoldingRangeParams(text_document=name))
    assert (8, 14) in [(fold.start_line, fold.end_line) for fold in folds], folds
    tokens = await editor.client.text_document_semantic_tokens_full_async(lsp.SemanticTokensParams(text_document=name))
    assert len(tokens.data) % 5 == 0 and len(tokens.data) > 5 * 40, tokens

    assert "relu" in await editor.completions(uri, "conv 32 3x3 p1 -> ")
    assert "schedule" in await completions_after(editor, uri, text + "  sch")
    assert "as" in await completions_after(editor, uri, text.replace("unit 64 stride=2 as deep", "unit 64 "), "unit 64 ")


async def completions_after(editor, uri, text, at=None):
    editor.change(uri, text)
    return await editor.completions(uri, at or text.split("\n")[-1])


async def includes(editor, folder):
    """A block of another file: defined there, renamed in both, wrong here when that changes."""
    blocks = "blocks:\n  unit(out): conv {out} 3x3 p1 -> relu\n"
    (folder / "blocks.yaml").write_text(blocks)
    text = "input: [3, 8, 8]\ninclude: blocks.yaml\nlayers: [unit 4, flatten -> linear 10]\n"
    (folder / "net.yaml").write_text(text)
    net, library = editor.open(folder / "net.yaml", text), editor.open(folder / "blocks.yaml", blocks)
    for uri in (net, library):
        found = await editor.diagnostics(uri)
        assert found == [], found
    params = lsp.DefinitionParams(**editor.place(net, "unit 4"))
    definition = await editor.client.text_document_definition_async(params)
    assert definition.uri == library and words(blocks, definition.range) == "unit", definition
    params = lsp.DefinitionParams(**editor.place(net, "blocks.yaml"))
    assert (await editor.client.text_document_definition_async(params)).uri == library
    for uri in (net, library):
        params = lsp.RenameParams(new_name="part", **editor.place(uri, "unit"))
        changes = (await editor.client.text_document_rename_async(params)).changes
        assert edited(text, changes[net]) == text.replace("unit", "part"), changes
        assert edited(blocks, changes[library]) == blocks.replace("unit", "part"), changes
    # Not yet saved.
    editor.change(library, blocks.replace("3x3 p1", "9x9"))
    found = await editor.diagnostics(net, lambda found: found != [])
    assert found[0].code == "E021" and words(text, found[0].range) == "unit 4", found
    assert found[0].related_information[0].location.uri == library, found


async def others(editor, folder):
    """YAML that is no network is nobody's business; TOML that is one is read as such."""
    compose = editor.open(folder / "compose.yaml", "services:\n  web: {image: x}\n")
    assert await editor.diagnostics(compose) == []
    name = lsp.TextDocumentIdentifier(uri=compose)
    folds = await editor.client.text_document_folding_range_async(lsp.FoldingRangeParams(text_document=name))
    assert not folds and await editor.hover(compose, "web") == ""
    toml = 'input = [1, 8, 8]\nlayers = ["conv 4 3x3 -> flatten", "linaer 10"]\n'
    uri = editor.open(folder / "net.toml", toml, "toml")
    found = await editor.diagnostics(uri, lambda found: found != [])
    assert [words(toml, one.range) for one in found] == ["linaer"], found
    # A character at a time, and no answer is missing.
    text = "layers: [conv 8 3x3 p1 -> relu]\ninput: [3, 8, 8]\n"
    uri = editor.open(folder / "typed.yaml", "")
    for number, character in enumerate(text):
        before = text[:number].split("\n")
        editor.type(uri, lsp.Position(len(before) - 1, len(before[-1])), character)
    assert await editor.diagnostics(uri) == []


async def utf8(program):
    """Columns are bytes where that is agreed on, and hints can be switched off."""
    editor = Editor()
    capabilities = await editor.start(program, ["utf-8", "utf-16"], {"inlayHints": {"enable": False}})
    assert capabilities.position_encoding == "utf-8", capabilities
    text = "name: \"añ😀\"\ninput: [3, 8, 8]\nlayers: [conv 8 3x3 as ü]\n"
    uri = editor.open("untitled.yaml", text)
    found = await editor.diagnostics(uri, lambda found: found != [])
    assert found[0].range.start.line == 2, found
    assert found[0].range.start.character >= len("layers: [conv 8 3x3 as "), found
    whole = lsp.Range(start=lsp.Position(0, 0), end=lsp.Position(9, 0))
    name = lsp.TextDocumentIdentifier(uri=uri)
    assert not await editor.client.text_document_inlay_hint_async(lsp.InlayHintParams(text_document=name, range=whole))
    assert await editor.stop() == 0


async def main(program):
    editor = Editor()
    capabilities = await editor.start(program)
    assert capabilities.position_encoding == "utf-16", capabilities
    uri = await five_mistakes(editor)
    await sound(editor, uri)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder).resolve()
        await includes(editor, folder)
        await others(editor, folder)
    assert await editor.stop() == 0
    await utf8(program)
    print("the language server answers as it should")


if __name__ == "__main__":
    asyncio.run(main(str(pathlib.Path(sys.argv[1]).absolute())))
