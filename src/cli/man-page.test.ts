import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Command, Option } from 'commander'
import { manPage } from './man-page.ts'

it('the manual page has every command, and no text of it is taken for a request', () => {
  const program = new Command('peerage')
  const family = program.command('key').summary('keys')
  family
    .command('show <file>')
    .alias('see')
    .description('show a key\n\n.profile is not read.\n\n  set as it is')
    .option('--home <dir>', 'home')
    .option('--json', 'print JSON')
    .addOption(new Option('--form <form>', "'raw' or not").choices(['raw', 'text']).default('raw'))
    .addHelpText('after', '\nExample:\n  $ peerage key show a.key')
  program.command('get').description('fetch')
  const lines = manPage(program, '1.2.3').split('\n')
  assert.equal(lines[0], '.TH PEERAGE 1 "" "peerage 1.2.3" "User Commands"')
  const at = lines.indexOf('.SS \\fBpeerage key show\\fR [options] FILE')
  assert.deepEqual(lines.slice(at + 1, at + 14), [
    'show a key',
    '.PP',
    '\\&.profile is not read.',
    '.PP',
    '.nf',
    '  set as it is',
    '.fi',
    '.PP',
    'The same as: key see.',
    '.TP',
    '\\fB\\-\\-form <form>\\fR',
    "\\&'raw' or not. One of: raw, text. Without it: raw.",
    '.PP'
  ])
  assert.ok(lines.includes('$ peerage key show a.key'))
  const headings = lines.filter(line => /^\.S[HS] /.test(line))
  const place = (heading: string) => headings.indexOf(heading)
  assert.equal(place('.SS \\fBpeerage get\\fR'), place('.SH PUBLISH AND FETCH') + 1)
  assert.equal(place('.SS \\fBpeerage key show\\fR [options] FILE'), place('.SH SAY WHO MAY DO WHAT') + 1)
})
