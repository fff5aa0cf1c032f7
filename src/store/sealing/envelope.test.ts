import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { fromUtf8, toHex, utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { decodeHeader, encodeHeader, type Stanza } from '../../content/sealing/age-header.ts'
import {
  decodeIdentity,
  decodeRecipient,
  encodeIdentity,
  encodeRecipient
} from '../../content/sealing/age-x25519.ts'
import { openEnvelope, rewrapEnvelope, wrapEnvelope } from './envelope.ts'
import { hkdf, hmac, randomBytes } from './openssl-ciphers.ts'
import { X25519Key } from './x25519.ts'

const fileKey = utf8('YELLOW SUBMARINE')
const key = (letter: string) => new X25519Key(new Uint8Array(32).fill(letter.charCodeAt(0)))
const [ann, bob, eve] = [key('a'), key('b'), key('e')] as [X25519Key, X25519Key, X25519Key]

function refused(reason: RegExp) {
  return (thrown: unknown) =>
    thrown instanceof AppError && thrown.code === 'SEALED_INVALID' && reason.test(thrown.message)
}

function keyOf(envelope: Uint8Array, ...identities: X25519Key[]): string {
  const opened = openEnvelope(envelope, identities)
  return opened.outcome === 'opened' ? toHex(opened.fileKey) : opened.outcome
}

const KEY = toHex(fileKey)

describe('an envelope', () => {
  test('opens for each recipient and for nobody else', () => {
    const envelope = wrapEnvelope(fileKey, [ann.publicKey, bob.publicKey])
    assert.equal(keyOf(envelope, ann), KEY)
    assert.equal(keyOf(envelope, eve, bob), KEY)
    assert.equal(keyOf(envelope, eve), 'no-identity')
    assert.equal(keyOf(envelope), 'no-identity')
  })

  test('written down', () => {
    let drawn = 0
    const envelope = wrapEnvelope(fileKey, [ann.publicKey, bob.publicKey], bytes =>
      new Uint8Array(bytes).fill(++drawn)
    )
    assert.equal(
      createHash('sha256').update(envelope).digest('hex'),
      '570fd9726159ab0fe924215b3f67b845d52493de37693ee5b290e9941e687e59'
    )
    assert.match(fromUtf8(envelope) ?? '', /^age-encryption\.org\/v1\n-> X25519 \S{43}\n\S{43}\n-> X25519/)
  })

  test('does not open when anything of it was changed', () => {
    const envelope = wrapEnvelope(fileKey, [ann.publicKey, bob.publicKey])
    for (let at = 0; at < envelope.length; at++) {
      const altered = envelope.slice()
      altered[at] = (altered[at] ?? 0) ^ 1
      try {
        assert.equal(keyOf(altered, ann), 'no-identity', `byte ${at}`)
      } catch (thrown) {
        assert.ok(refused(/./)(thrown), `byte ${at}: ${thrown}`)
      }
    }
  })

  test('does not open when a stanza was taken out or put in', () => {
    const envelope = wrapEnvelope(fileKey, [ann.publicKey, bob.publicKey])
    const header = decodeHeader(envelope)
    assert.ok(typeof header !== 'string')
    const other = wrapEnvelope(fileKey, [eve.publicKey])
    const strange = decodeHeader(other)
    assert.ok(typeof strange !== 'string')
    for (const stanzas of [header.stanzas.slice(0, 1), [...header.stanzas, ...strange.stanzas]]) {
      const forged = encodeHeader(stanzas, utf8('GREEN SUBMARINES'), { hkdf, hmac })
      assert.throws(() => keyOf(forged, ann), refused(/MAC is wrong/))
    }
  })

  test('skips stanzas that it does not know, but no passphrase', () => {
    const header = decodeHeader(wrapEnvelope(fileKey, [ann.publicKey]))
    assert.ok(typeof header !== 'string')
    const withStanza = (args: string[]): Uint8Array => {
      const stanza: Stanza = { args, body: randomBytes(96) }
      return encodeHeader([stanza, ...header.stanzas], fileKey, { hkdf, hmac })
    }
    assert.equal(keyOf(withStanza(['x-grease', 'y', 'z']), ann), KEY)
    assert.throws(() => keyOf(withStanza(['scrypt', 'y', '18']), ann), refused(/passphrase/))
    assert.throws(() => keyOf(withStanza(['X25519', 'y']), ann), refused(/no proper share/))
  })

  test('is not wrapped to nobody, to too many, or to a key that is none', () => {
    assert.throws(() => wrapEnvelope(fileKey, []), refused(/no recipient/))
    assert.throws(() => wrapEnvelope(fileKey, [new Uint8Array(32)]), refused(/no key of anybody/))
    const full = wrapEnvelope(fileKey, new Array(4096).fill(ann.publicKey))
    assert.equal(keyOf(full, ann), KEY)
    const one = { envelope: full, identities: [ann], recipients: [bob.publicKey] } as const
    assert.throws(() => rewrapEnvelope({ ...one, existing: 'keep' }), refused(/4097 recipients are more/))
  })
})

describe('wrapping anew', () => {
  const envelope = wrapEnvelope(fileKey, [ann.publicKey, bob.publicKey])

  test('adds recipients, and keeps who is there', () => {
    const added = rewrapEnvelope({
      envelope,
      identities: [ann],
      recipients: [eve.publicKey],
      existing: 'keep'
    })
    assert.ok(added.outcome === 'rewrapped')
    for (const who of [ann, bob, eve]) assert.equal(keyOf(added.envelope, who), KEY)
  })

  test('drops who is not named', () => {
    const left = rewrapEnvelope({
      envelope,
      identities: [ann],
      recipients: [ann.publicKey],
      existing: 'drop'
    })
    assert.ok(left.outcome === 'rewrapped')
    assert.equal(keyOf(left.envelope, ann), KEY)
    assert.equal(keyOf(left.envelope, bob), 'no-identity')
  })

  test('needs a key that opens it, and an envelope with nothing behind', () => {
    const one = { envelope, identities: [eve], recipients: [eve.publicKey], existing: 'keep' } as const
    assert.deepEqual(rewrapEnvelope(one), { outcome: 'no-identity' })
    const longer = Buffer.concat([envelope, Buffer.alloc(1)])
    assert.throws(
      () => rewrapEnvelope({ ...one, envelope: longer, identities: [ann] }),
      refused(/bytes follow/)
    )
  })
})

describe('keys as text', () => {
  test('come back as they were, and are those of the age tool', () => {
    const secret = decodeIdentity(
      'AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0'
    )
    assert.equal(
      toHex(secret ?? new Uint8Array(0)),
      'ca1626252c53cf1a4dc46695e7fcc46594cb4ccadedb6712dfda0753f3ae355e'
    )
    const { publicKey } = new X25519Key(secret ?? new Uint8Array(32))
    const text = encodeRecipient(publicKey)
    assert.equal(text, 'age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef')
    assert.deepEqual(decodeRecipient(text), publicKey)
    assert.equal(
      encodeIdentity(secret ?? new Uint8Array(32)),
      'AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0'
    )
  })

  test('a letter that is wrong, missing, too many or in upper case is refused', () => {
    const text = encodeRecipient(ann.publicKey)
    for (let at = 0; at < text.length; at++) {
      assert.equal(
        decodeRecipient(text.slice(0, at) + (text[at] === 'q' ? 'p' : 'q') + text.slice(at + 1)),
        undefined
      )
      assert.equal(decodeRecipient(text.slice(0, at) + text.slice(at + 1)), undefined)
    }
    assert.equal(decodeRecipient(`${text}q`), undefined)
    assert.equal(decodeRecipient(text.toUpperCase()), undefined)
    assert.equal(decodeIdentity(encodeIdentity(new Uint8Array(32)).toLowerCase()), undefined)
  })
})
