// Sends documents with the bulk helper: send.mjs URL TARGET FILE WORKERS

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

import { Client } from '@elastic/elasticsearch'

const BATCH_BYTES = 128 << 10

const [url, target, file, workers] = process.argv.slice(2)

async function * documents () {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    yield JSON.parse(line)
  }
}

const client = new Client({ node: url, compression: true })
const { successful, failed } = await client.helpers.bulk({
  datasource: documents(),
  onDocument: () => ({ create: { _index: target } }),
  concurrency: Number(workers),
  flushBytes: BATCH_BYTES
})
console.log(JSON.stringify({ accepted: successful, refused: failed }))
await client.close()
