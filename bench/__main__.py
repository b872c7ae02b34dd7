"""python -m stack exec -- python -m bench [load] [replenish] [pages]"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")


def main(names: list[str]) -> int:
    django.setup()
    from bench import runs  # noqa: PLC0415 - models exist only after setup

    unknown = set(names) - set(runs.RUNS)
    if unknown:
        sys.stderr.write(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(runs.RUNS)}\n")
        return 2
    runs.run(names or list(runs.RUNS))
    return 0


sys.exit(main(sys.argv[1:]))
