"""python -m stack exec -- python -m bench [load] [replenish] [pages] [papers] [foresee] [alarms] [--lines N] [--help] ..."""

import argparse
import os
import sys
import warnings

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")
warnings.filterwarnings("ignore", "No directory at")


def main(words: list[str]) -> int:
    django.setup()
    from bench import runs  # noqa: PLC0415 - models exist only after setup

    sizes = runs.Sizes()
    parser = argparse.ArgumentParser(
        prog="bench", description="Figures of this machine: less than 15 minutes on 2 cores."
    )
    parser.add_argument("runs", nargs="*", choices=[*runs.RUNS, []], help="which to do; all by default")
    parser.add_argument("--lines", type=int, default=sizes.lines, help="of the orders report (%(default)s)")
    parser.add_argument("--skus", type=int, default=sizes.skus, help="of the store that is planned (%(default)s)")
    parser.add_argument("--facts", type=int, default=sizes.facts, help="behind the pages, at most (%(default)s)")
    parser.add_argument("--few", type=int, default=sizes.few, help="behind the pages, at least (%(default)s)")
    parser.add_argument("--others", type=int, default=sizes.others, help="facts of others beside them (%(default)s)")
    parser.add_argument("--times", type=int, default=sizes.times, help="each page is opened (%(default)s)")
    given = vars(parser.parse_args(words))
    names = given.pop("runs")
    runs.run(names or list(runs.RUNS), runs.Sizes(**given))
    return 0


sys.exit(main(sys.argv[1:]))
