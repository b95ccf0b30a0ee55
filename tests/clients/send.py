"""Sends documents with a bulk helper of a client:

send.py elasticsearch|opensearchpy URL TARGET FILE bulk|streaming|parallel
"""

import importlib
import json
import sys

BATCH = 500
CLIENTS = {"elasticsearch": "Elasticsearch", "opensearchpy": "OpenSearch"}


def actions(target, file):
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            yield {"_op_type": "create", "_index": target, "_source": json.loads(line)}


def main(package, url, target, file, helper):
    package = importlib.import_module(package)
    helpers = importlib.import_module(".helpers", package.__name__)
    client = getattr(package, CLIENTS[package.__name__])(url, http_compress=True)
    documents = actions(target, file)
    if helper == "bulk":
        accepted, errors = helpers.bulk(client, documents, chunk_size=BATCH, raise_on_error=False)
        refused = len(errors)
    else:
        if helper == "parallel":
            results = helpers.parallel_bulk(client, documents, thread_count=4, chunk_size=BATCH, raise_on_error=False)
        else:
            results = helpers.streaming_bulk(client, documents, chunk_size=BATCH, raise_on_error=False)
        outcomes = [ok for ok, _ in results]
        accepted, refused = outcomes.count(True), outcomes.count(False)
    print(json.dumps({"accepted": accepted, "refused": refused}))


main(*sys.argv[1:])
