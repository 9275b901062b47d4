"""A run's numbers: a CSV file that survives interruption, and its curves as a picture."""

import csv
from pathlib import Path


class RunLog:
    """Rows of numbers by step; a new column rewrites the file with its header."""

    def __init__(self, path: Path, until: int) -> None:
        """Keeps the rows of a file up to a step, those after it are made again."""
        self.path = path
        self.rows: list[dict[str, str]] = []
        if path.exists():
            with path.open(newline="") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["step"]) <= until]
        self.columns = list(self.rows[0]) if self.rows else ["step"]
        self._rewrite()

    def append(self, step: int, values: dict[str, float]) -> None:
        """Adds numbers of a step; two calls for one step make one row."""
        texts = {name: f"{value:.6g}" for name, value in values.items()}
        if self.rows and self.rows[-1]["step"] == str(step):
            self.rows[-1] |= texts
            self._rewrite()
            return
        self.rows.append({"step": str(step)} | texts)
        if any(name not in self.columns for name in texts):
            self._rewrite()
            return
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self.columns, restval="").writerow(self.rows[-1])

    def _rewrite(self) -> None:
        for row in self.rows:
            self.columns += [name for name in row if name not in self.columns]
        with self.path.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.columns, restval="")
            writer.writeheader()
            writer.writerows(self.rows)

    def draw(self, path: Path) -> None:
        """Draws every column but the clock's over the steps."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        names = [n for n in self.columns if n not in ("step", "seconds")]
        if not names or not self.rows:
            return
        across = min(3, len(names))
        down = -(-len(names) // across)
        figure, axes = pyplot.subplots(
            down, across, figsize=(4.5 * across, 2.6 * down), squeeze=False
        )
        for name, axis in zip(names, axes.flat):
            points = [(int(r["step"]), float(r[name])) for r in self.rows if r.get(name)]
            axis.plot(*zip(*points), marker="." if len(points) < 30 else "", linewidth=1)
            axis.set_title(name, fontsize=9)
            axis.grid(alpha=0.3)
        for axis in axes.flat[len(names) :]:
            axis.set_visible(False)
        figure.tight_layout()
        figure.savefig(path, dpi=80)
        pyplot.close(figure)
