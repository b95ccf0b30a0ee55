#!/bin/sh
# Puts a node of OpenSearch together from what the project publishes for Maven.
#
#   tests/servers/opensearch/build.sh DIR     in DIR; nothing is done if what
#                                             is there is of these files
set -eu

out=${1:?a directory}
here=$(cd "$(dirname "$0")" && pwd)
jdk=$(sh "$here/../jdk.sh")
command -v mvn >/dev/null || { echo "Maven (mvn) is not installed" >&2; exit 1; }

stamp=$(cd "$here" && cat ../jdk.sh build.sh log4j2.properties pom.xml ./*.java | cksum; echo "$jdk")
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || exit 0

rm -rf "$out"
mkdir -p "$out/lib" "$out/config"
out=$(cd "$out" && pwd)
JAVA_HOME=$jdk mvn --batch-mode --quiet --file "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$out/lib"

"$jdk/bin/javac" -proc:none -cp "$out/lib/*" -d "$out/classes" "$here"/*.java
"$jdk/bin/jar" --create --file "$out/lib/test-node.jar" -C "$out/classes" .
cp "$here/log4j2.properties" "$out/config"
echo "$jdk" >"$out/jdk"
# Last: only what was built to its end is used.
echo "$stamp" >"$out/stamp"
