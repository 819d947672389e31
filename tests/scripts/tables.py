"""Makes tests/fixtures/tables: tables as people have them, and pandas.json with what pandas makes of them as text.

    python tests/scripts/tables.py      (with pandas 3.1.1)

JSON lines are written and read by pandas too; their columns are sorted, as archc has them.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pandas

folder = Path(__file__).parents[1] / "fixtures/tables"
folder.mkdir(exist_ok=True)
rng = np.random.default_rng(22)
words = ["a.jpg", "Ein Bild.png", "x,y", 'said "so"', "two\nlines", " spaces ", "NA", "null", "01", "1e3", "", "ß–日本", "a\tb", "semi;colon", "'", '"', '""', "\\", "#"]
frame = pandas.DataFrame({
    "image path": [f"{number}/{rng.choice(words)}" for number in range(40)],
    "label": [str(rng.choice(words)) or "-" for _ in range(40)],
    "fold,or so": [str(rng.choice(words)) for _ in range(40)],
})

texts = {
    "plain.csv": frame.to_csv(index=False),
    "quoted.csv": frame.to_csv(index=False, quoting=csv.QUOTE_ALL),
    "windows.csv": frame.to_csv(index=False, lineterminator="\r\n"),
    "index.csv": frame.to_csv(),
    "semicolon.csv": frame.rename(columns={"fold,or so": "fold"}).to_csv(index=False, sep=";"),
    "tabs.tsv": frame.to_csv(index=False, sep="\t"),
    "blank_lines.csv": "image,label\n\na.jpg,1\n\n\nb.jpg,2\n\n",
    "no_last_end.csv": "image,label\na.jpg,1\nb.jpg,2",
    "mark.csv": "\ufeffimage,label\na.jpg,1\n",
    "quotes_within.csv": 'image,label\na "b" c.jpg,1\n"d""e".jpg,2\n5" pipe,"x, y"\n',
    "one_column.csv": "image\na.jpg\nb.jpg\n",
    "lines.jsonl": frame.to_json(orient="records", lines=True, force_ascii=False),
    "escaped.jsonl": frame.to_json(orient="records", lines=True),
}
separators = {"semicolon.csv": ";", "tabs.tsv": "\t"}

told = {}
for name, text in texts.items():
    (folder / name).write_bytes(text.encode())
    if name.endswith(".jsonl"):
        found = pandas.read_json(folder / name, lines=True, dtype=False)
        found = found[sorted(found.columns)]
    else:
        found = pandas.read_csv(folder / name, sep=separators.get(name, ","), dtype=str, keep_default_na=False, na_filter=False)
        found = found.rename(columns={"Unnamed: 0": ""})
    told[name] = {"columns": list(found.columns), "rows": found.astype(str).values.tolist()}
(folder / "pandas.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
