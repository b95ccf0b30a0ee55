#!/bin/sh
# Installs the client from PyPI into a folder.
#
#   tests/clients/elasticsearch-py/build.sh DIR     in DIR; nothing is done if what is there
#                                     is of these files
set -eu

here=$(cd "$(dirname "$0")" && pwd)
exec sh "$here/../pypi.sh" "${1:?a directory}" "$here"
