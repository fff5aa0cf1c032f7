/** Who is signed in, and what that lets the console do. */

export type { Session as Caller } from '../../../src/api/session.ts'
