#!/bin/sh
# Puts a node of Elasticsearch together from what Elastic publishes for Maven.
#
#   tests/servers/elasticsearch/build.sh DIR     in DIR; nothing is done if
#                                                what is there is of these files
set -eu

out=${1:?a directory}
here=$(cd "$(dirname "$0")" && pwd)
jdk=$(sh "$here/../jdk.sh")
command -v mvn >/dev/null || { echo "Maven (mvn) is not installed" >&2; exit 1; }

stamp=$(cd "$here" && cat ../jdk.sh build.sh log4j2.properties pom.xml ./*.java | cksum; echo "$jdk")
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || exit 0

rm -rf "$out"
module=$out/modules/transport-netty4
mkdir -p "$out/lib" "$out/config" "$module"
out=$(cd "$out" && pwd)
JAVA_HOME=$jdk mvn --batch-mode --quiet --file "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$out/lib"

# A plugin has its jars to itself: its class is not looked for elsewhere.
mv "$out"/lib/netty-*.jar "$out"/lib/transport-netty4-*.jar "$out/modules/transport-netty4"
version=$(sed -n 's/.*<elasticsearch.version>\(.*\)<.*/\1/p' "$here/pom.xml")
cat >"$out/modules/transport-netty4/plugin-descriptor.properties" <<EOF
name=transport-netty4
description=HTTP and transport
version=$version
elasticsearch.version=$version
java.version=21
classname=org.elasticsearch.transport.netty4.Netty4Plugin
EOF

"$jdk/bin/javac" -proc:none -cp "$out/lib/*" -d "$out/classes" "$here"/*.java
"$jdk/bin/jar" --create --file "$out/lib/test-node.jar" -C "$out/classes" .
cp "$here/log4j2.properties" "$out/config"
echo "$jdk" >"$out/jdk"
# Last: only what was built to its end is used.
echo "$stamp" >"$out/stamp"
