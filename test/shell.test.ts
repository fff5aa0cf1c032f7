/**
 * Completion in the shells themselves: each reads its script, is given a line that is being typed, and offers what the
 * program says. `_describe` and `_files` of zsh, which show it, and the node, which knows names, are stood in for.
 * And the manual page, as groff takes it.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, describe, it } from 'node:test'
import { mainProgram } from '../lab/program.ts'
import { debianProgram } from './interop/debian-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-completion-'))
const program = join(folder, 'peerage')
writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${mainProgram()}' "$@"\n`)
chmodSync(program, 0o755)
after(() => rmSync(folder, { recursive: true }))

function offered(shell: string, script: string): string[] {
  const env = {
    ...process.env,
    PATH: `${folder}:${process.env.PATH}`,
    PEERAGE_HOME: join(folder, 'home'),
    HOME: folder
  }
  const ran = spawnSync(shell, ['-c', script], { env, cwd: folder, encoding: 'utf8' })
  assert.equal(ran.status, 0, ran.stderr)
  return ran.stdout.split('\n').filter(line => line !== '')
}

describe('completion', () => {
  it('in bash, which splits words at = and : of its own accord', debianProgram('/bin/bash', 'bash'), () => {
    const typed = (line: string, words: string): string[] =>
      offered(
        '/bin/bash',
        `source <(peerage completion bash); COMP_LINE="${line}"; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=(${words})
        COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _peerage; printf '%s\\n' "\${COMPREPLY[@]}"`
      )
    assert.deepEqual(typed('peerage capa', 'peerage capa'), ['capacity'])
    assert.deepEqual(typed('peerage get --pr', 'peerage get --pr'), ['--priority'])
    assert.deepEqual(typed('peerage get --priority ', 'peerage get --priority ""'), ['low', 'normal', 'high'])
    assert.deepEqual(typed('peerage get --priority=hi', 'peerage get --priority = hi'), ['high'])
    assert.deepEqual(typed('peerage get --priority=', 'peerage get --priority ='), ['low', 'normal', 'high'])
    assert.deepEqual(typed('peerage key show pee', 'peerage key show pee'), ['peerage'])
  })

  it('in zsh', debianProgram('/usr/bin/zsh', 'zsh'), () => {
    const typed = (words: string): string[] =>
      offered(
        '/usr/bin/zsh',
        `compdef() { }; _describe() { print -l -- "\${(@P)3}" }; _files() { print paths }
        source <(peerage completion zsh); words=(${words}); CURRENT=\${#words}; _peerage`
      )
    assert.deepEqual(typed('peerage capa'), [
      'capacity:show and set how much of its disk this device offers for copies'
    ])
    assert.deepEqual(typed("peerage get os-image ''"), ['paths'])
  })

  it('in fish', debianProgram('/usr/bin/fish', 'fish'), () => {
    const typed = (line: string): string[] =>
      offered('/usr/bin/fish', `peerage completion fish | source; complete -C "${line}"`)
    assert.deepEqual(typed('peerage capa'), [
      'capacity\tshow and set how much of its disk this device offers for copies'
    ])
    assert.deepEqual(typed('peerage key show pee'), ['peerage'])
  })
})

describe('the manual page', () => {
  it('is one that groff has nothing to say about', debianProgram('/usr/bin/groff', 'groff-base'), () => {
    const ran = spawnSync('/bin/sh', ['-c', `'${program}' man | /usr/bin/groff -man -ww -Tutf8 -P-cbuo`], {
      encoding: 'utf8'
    })
    assert.equal(ran.stderr, '')
    assert.match(ran.stdout, /PEERAGE\(1\)/)
    assert.match(ran.stdout, /\n {3}peerage storage scrub rate RATE\n/)
    assert.match(ran.stdout, /\n {10,}\$ peerage storage scrub rate 5MB\/s\n/)
  })
})
