#!/bin/sh
# Unpacks rsyslog and its output for Elasticsearch, as Debian has them.
#
#   tests/clients/rsyslog/build.sh DIR     in DIR; nothing is done if what is there
#                                          is of these files
set -eu

exec sh "$(dirname "$0")/../debian.sh" "${1:?a directory}" "$0" rsyslog rsyslog-elasticsearch
