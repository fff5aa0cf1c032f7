/**
 * What the model takes from measurements, in one place. `npm run sim -- --scenario …` prints what follows from them
 * beside what the laboratory measured; docs/SIMULATOR.md says how each was found.
 */

import { KIB, SECOND_MS } from '../src/base/units.ts'

/** A TCP connection with TLS. */
export const TCP = {
  /** What goes over a link in one turn. */
  segmentBytes: 16 * KIB,
  /** Payload of a packet, and the headers of Ethernet, IP and TCP around it. */
  packetBytes: 1448,
  headerBytes: 66,
  /** Header and tag of a TLS record. */
  recordBytes: 22,
  /** What is sent more than once on account of short queues, acknowledgements of the other way included. */
  resentFactor: 1.06,
  /** What is under way, as time at the slowest link: two round trips with the queue of a shaper. */
  windowMs: 100,
  windowBytesMin: 64 * KIB,
  /** What the sender's buffers take beyond that before it is told to wait. */
  bufferBytes: 512 * KIB,
  resendMs: 200,
  resendMsMax: 8 * SECOND_MS
} as const

/** Bytes on a link for each byte of payload, where only payload is simulated. */
export const WIRE_FACTOR = TCP.resentFactor + TCP.headerBytes / TCP.packetBytes

/** Processor time of a node on the machine of the laboratory. */
export const PROCESSOR = {
  /** To be woken for what came on a socket, and to hand something to one. */
  readMs: 0.08,
  writeMs: 0.08,
  messageMs: 0.012,
  /** Receive and decrypt, and encrypt and send. */
  receiveMsPerByte: 4e-6,
  sendMsPerByte: 4e-6,
  /** Hash and write, in a thread of its own. */
  storeMsPerByte: 2e-6,
  storeMsPerPiece: 0.05,
  /** To open a stream, on either side: most of it is the handshake of TLS. */
  openMs: 8,
  /** To start a node. */
  bootMs: 2200,
  /** Longer work is done in slices, between which others have their turn. */
  sliceMs: 10,
  /** What a node does besides: presence, ledger, audit. */
  idleShare: 0.05
} as const

/** Small messages are counted by their bytes. */
export const MESSAGE_BYTES = 13

/** A partition that lasts longer than this ends the connections across it. */
export const LIVENESS_MS = 15 * SECOND_MS

export const DISK = {
  bytesPerMs: 500_000,
  syncMs: 4
} as const
