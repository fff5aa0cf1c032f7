import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Argument, Command, Option } from 'commander'
import { complete } from './completion.ts'

function sample(): Command {
  const program = new Command('peerage').option('--home <dir>', 'home folder').option('--json', 'print JSON')
  program
    .command('get <dataset> <destination...>')
    .summary('fetch')
    .addOption(new Option('--priority <priority>', 'which first').choices(['low', 'normal', 'high']))
    .option('--only <glob>', 'which files')
  const erase = program.command('erase').summary('take away').option('--home <dir>', 'home folder')
  erase.command('start <dataset>', { isDefault: true }).summary('begin').option('--reason <text>', 'why')
  erase.command('status <case>').summary('how it is').alias('show')
  const group = program.command('group').summary('groups')
  group.command('create <name>').summary('make one')
  group.command('add <name> <device>').summary('add one')
  program.command('completion').addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh']))
  return program
}

/** The words, then the names in angle brackets, then `path` if one may stand there. */
function at(line: string): string {
  const { candidates, names, paths } = complete(sample(), line.split(' ').slice(1))
  return [
    ...candidates.map(({ word }) => word),
    ...names.map(name => `<${name}>`),
    ...(paths ? ['path'] : [])
  ].join(' ')
}

describe('a command line that is being typed', () => {
  const TABLE: readonly (readonly [string, string])[] = [
    ['peerage ', 'get erase group completion'],
    ['peerage g', 'get group'],
    ['peerage --home ', 'path'],
    ['peerage --home /x er', 'erase'],
    ['peerage get ', '<dataset>'],
    ['peerage get os-image ', 'path'],
    ['peerage get os-image here ', 'path'],
    ['peerage get --', '--priority --only --help'],
    ['peerage get --pr', '--priority'],
    ['peerage get --priority ', 'low normal high'],
    ['peerage get --priority h', 'high'],
    ['peerage get --priority=n', '--priority=normal'],
    ['peerage get --only ', ''],
    ['peerage get --only x os-image ', 'path'],
    ['peerage get -- --', '<dataset>'],
    // A family takes what its default takes, as well as its members.
    ['peerage erase ', 'start status <dataset>'],
    ['peerage erase --', '--home --reason --help'],
    ['peerage erase --reason ', ''],
    ['peerage erase payroll ', ''],
    ['peerage erase show ', '<case>'],
    ['peerage erase status ', '<case>'],
    ['peerage group create ', ''],
    ['peerage group add ', '<group>'],
    ['peerage group add staff ', '<device>'],
    ['peerage completion ', 'bash zsh'],
    ['peerage nonsense ', ''],
    ['peerage get --nonsense=', '']
  ]
  for (const [line, expected] of TABLE) it(`${line}|`, () => assert.equal(at(line), expected))

  it('has what each word means beside it', () => {
    assert.deepEqual(complete(sample(), ['erase', 'sta']).candidates, [
      { word: 'start', about: 'begin' },
      { word: 'status', about: 'how it is' }
    ])
  })
})
