#!/bin/sh
# Unpacks syslog-ng with its HTTP destination and configuration library, as Debian has
# them.
#
#   tests/clients/syslog-ng/build.sh DIR     in DIR; nothing is done if what is there
#                                            is of these files
set -eu

exec sh "$(dirname "$0")/../debian.sh" "${1:?a directory}" "$0" syslog-ng-core syslog-ng-mod-http syslog-ng-scl
