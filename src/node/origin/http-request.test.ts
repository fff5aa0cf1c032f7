import assert from 'node:assert/strict'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { test } from 'node:test'
import { get } from './http-request.ts'
import { OriginServer } from './origin-server.conformance.ts'

test('a redirect from outside does not lead inside, neither to an address nor by name nor in two steps', async t => {
  const [server, other] = [new OriginServer(), new OriginServer()]
  const [base, step] = [await server.listen(), await other.listen()]
  const agents = { http: new HttpAgent(), https: new HttpsAgent() }
  t.after(() => {
    server.close()
    other.close()
    agents.http.destroy()
  })
  const inside = new Set(['127.0.0.1'])
  const rules = {
    ...{ agents, timeoutMs: 2000 },
    // All of it is loopback; what is inside is said here.
    places: { isRefused: () => false, isInside: (address: string) => inside.has(address) }
  }
  const ask = async (): Promise<number | undefined> => {
    const answer = await get(`${base}/from`, {}, { rules, signal: new AbortController().signal })
    answer.resume()
    return answer.statusCode
  }
  const redirect = (from: OriginServer, path: string, to: string): void =>
    void from.answers.set(path, (_, response) => response.writeHead(302, { location: to }).end())
  other.files.set('/secret', { bytes: new Uint8Array(3) })
  redirect(server, '/from', `${step}/secret?delete=all`)
  other.answers.set('/secret?delete=all', (_, response) => response.writeHead(200).end('abc'))
  assert.equal(await ask(), 200, 'from inside it may')
  const asked = other.asked.length
  // The first answer is from outside, what it leads to is not.
  let answers = 0
  const places = { isRefused: () => false, isInside: () => answers++ > 0 }
  const outside = { ...rules, places }
  for (const to of [`${step}/secret`, `${step.replace('127.0.0.1', 'localhost')}/secret`]) {
    answers = 0
    redirect(server, '/from', to)
    await assert.rejects(get(`${base}/from`, {}, { rules: outside, signal: new AbortController().signal }), {
      fault: 'refused-address'
    })
  }
  assert.equal(other.asked.length, asked, 'nobody inside was asked')
})
