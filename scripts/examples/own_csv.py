"""Your own CSV file, with a column of text: own_csv.py FILE TARGET [CATEGORICAL ...], or none for an example."""

import sys
import tempfile
from pathlib import Path

import numpy as np

import linfit


def write_rents(file: Path) -> None:
    """Write 300 flats, whose rent is 200 + 11 per square metre, 400 more in Oslo, 150 more in Rome, and noise."""
    random = np.random.default_rng(7)
    extra = {"Lisbon": 0, "Oslo": 400, "Rome": 150}
    area, city = random.uniform(20, 120, 300), random.choice(list(extra), 300)
    rent = 200 + 11 * area + [extra[name] for name in city] + random.normal(0, 50, 300)
    lines = [f"{a:.1f},{c},{r:.2f}" for a, c, r in zip(area, city, rent, strict=True)]
    file.write_text("\n".join(["area,city,rent", *lines]))


with tempfile.TemporaryDirectory() as folder:
    path, target, *categorical = sys.argv[1:] or [str(Path(folder, "rents.csv")), "rent", "city"]
    if len(sys.argv) == 1:
        write_rents(Path(path))
    table = linfit.read_table(path, target, categorical=categorical)

print(f"{table}\n\n{linfit.least_squares(table)}\n")  # the optimum, its standard errors and confidence intervals

model = linfit.LinearRegression(normalize=True, dtype="float64")  # columns of any scale
model.compile(learning_rate="auto")
model.fit(table, batch_size=len(table), epochs=200, verbose=0)
print(linfit.compare(model, table))
