#!/usr/bin/env bash
# The site of the Python package, in build/docs/html, with what its examples print and their
# notebooks: scripts/docs.sh. Takes the wheel of scripts/python.sh; Sphinx and Jupyter come from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/build/docs
venv=$folder/venv
pins=(docs/site/requirements.txt python/tests/requirements.txt)

if [ "${pins[0]}" -nt "$venv/installed" ] || [ "${pins[1]}" -nt "$venv/installed" ]; then
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "${pins[0]}"
  touch "$venv/installed"
fi
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --force-reinstall \
  build/python/wheel/*.whl

# A copy of the sources, beside which the examples' outputs lie.
rm -rf "$folder/source" "$folder/html"
mkdir -p "$folder/source"
cp -r docs examples "$folder/source"
# Marks of cells are for editors and notebooks.
sed -i -e '/^# %%$/d' -e 's/^# %% /# /' "$folder"/source/examples/python/*.py
output=$folder/source/docs/site/_output
mkdir "$output"
# As notebooks alone: as scripts they run in `make test`. As many at once as there are processors, of
# one thread each, on which no result depends. One that fails is seen by xargs.
printf '%s\n' examples/python/*.py |
  OMP_NUM_THREADS=1 xargs -P "${JOBS:-$(nproc)}" -I '{}' \
    "$venv/bin/python" scripts/notebooks.py "$output" '{}'
"$venv/bin/sphinx-build" -q -W --keep-going -d "$folder/doctrees" \
  "$folder/source/docs/site" "$folder/html"
echo "$folder/html/index.html"
