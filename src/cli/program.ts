/** The command line as a whole: the tree of commands, and what becomes of a run that fails. */

import { Command, CommanderError } from 'commander'
import { ERROR_CODES } from '../base/error-codes.ts'
import { AppError, messageOf } from '../base/errors.ts'
import { type CommandInstaller, errorValue, HOME_OPTION, JSON_OPTION, type Outcome } from './command.ts'
import { groupCommands, HELP_STYLE } from './command-groups.ts'
import {
  grant,
  grantAccess,
  listAccess,
  revoke,
  revokeAccess,
  setOrigin,
  setPolicy
} from './commands/access.ts'
import { adminStatus, initRecovery, listAdmins, signRoot } from './commands/admin.ts'
import { listOverrides, makeOverride } from './commands/admin-override.ts'
import { PROPOSALS } from './commands/admin-propose.ts'
import { approve, note } from './commands/approval.ts'
import { exportAudit, listAudit, verifyAudit, whoAudit } from './commands/audit.ts'
import { acceptAudit, checkpointAudit, witnessAudit } from './commands/audit-witness.ts'
import { beginBoosts, endBoosts, setBoosts, showBoosts } from './commands/boost.ts'
import { setCache, showCache } from './commands/cache.ts'
import { listClasses, setClass } from './commands/class.ts'
import { completion } from './commands/completion.ts'
import { consoleCommand } from './commands/console.ts'
import { quarantine, recall, release } from './commands/content.ts'
import { datasets, show } from './commands/datasets.ts'
import {
  acknowledgeDetection,
  listDetectionRules,
  listDetections,
  setDetectionHours,
  setDetectionRule,
  showDetection
} from './commands/detections.ts'
import { listDevices, readmitDevice, revokeDevice, suspendDevice } from './commands/device.ts'
import { doctor } from './commands/doctor.ts'
import { exportCommand } from './commands/export.ts'
import {
  followStatus,
  listFollows,
  resumeFollow,
  retryFollow,
  rollbackFollow,
  startFollow,
  stopFollow
} from './commands/follow.ts'
import { get } from './commands/get.ts'
import { addToGroup, createGroup, listGroups, removeFromGroup } from './commands/group.ts'
import { showHistory, showSavings } from './commands/history.ts'
import { cancelInvite, createInvite, invites } from './commands/invite.ts'
import { changeKeyPassphrase, createKey, showKey } from './commands/key.ts'
import { exportLedger, listFeeds, listLedger, showLedger, verifyLedger } from './commands/ledger.ts'
import { clearLimits, listLimits, removeLimit, setBudget, setLimit } from './commands/limits.ts'
import { man } from './commands/man.ts'
import { init, join } from './commands/membership.ts'
import { metrics } from './commands/metrics.ts'
import { showParticipation } from './commands/participation.ts'
import { peers, status } from './commands/peers.ts'
import { listPrices, setPrice, unsetPrice } from './commands/prices.ts'
import { publish, retire } from './commands/publish.ts'
import { put } from './commands/put.ts'
import { reportProcessing, reportRisk, reportSavings, reportTransfers } from './commands/report.ts'
import { acceptRisk, listRisks, ownRisk, showRisk, treatRisk, withdrawRisk } from './commands/risk.ts'
import { grantRole, listRoles, revokeRole } from './commands/role.ts'
import { endScan, listMalware, runScan, setUpScan, showScanStatus, showScans } from './commands/scan.ts'
import { pauseScrub, scrubStatus, setScrubRate, startScrub } from './commands/scrub.ts'
import { rekey } from './commands/sealing.ts'
import { endSession, listSessions } from './commands/session.ts'
import { listSinks, removeSink, setSink, showEvents } from './commands/siem.ts'
import { nameOfPerson, setSignIn, showSignIn, unsetSignIn } from './commands/sign-in.ts'
import { listLevels, setLevel, showLevel, showLevelHistory, unsetLevel } from './commands/slo.ts'
import {
  setCapacity,
  setRegion,
  setStoragePolicy,
  showCapacity,
  showStorage,
  whatIf
} from './commands/storage.ts'
import { createToken, listTokens, revokeToken } from './commands/token.ts'
import { top } from './commands/top.ts'
import {
  pauseTransfer,
  prioritiseTransfer,
  resumeTransfer,
  setTransferDeadline,
  stopTransfer,
  transferFiles,
  transfers
} from './commands/transfers.ts'
import { up } from './commands/up.ts'
import { verify } from './commands/verify.ts'
import { version } from './commands/version.ts'
import type { CliContext } from './context.ts'
import { type Family, family } from './family.ts'
import { misusedError, namedCommand } from './misuse.ts'
import { PRIVACY_FAMILIES } from './privacy-families.ts'
import { softwareVersion } from './software-version.ts'
import { paintFor, printable } from './text.ts'

const TOP_LEVEL: readonly CommandInstaller[] = [
  init,
  up,
  join,
  publish,
  put,
  retire,
  datasets,
  show,
  get,
  verify,
  exportCommand,
  grant,
  revoke,
  rekey,
  peers,
  status,
  doctor,
  metrics,
  consoleCommand,
  top,
  showHistory,
  showEvents,
  showSavings,
  showParticipation,
  whatIf,
  invites,
  quarantine,
  release,
  recall,
  approve,
  note,
  completion,
  man,
  version
]

const FAMILIES: readonly Family[] = [
  {
    name: 'invite',
    summary: 'print a ticket that lets another machine join the org, or cancel one',
    example: 'peerage invite --uses 20 --expires 7d',
    members: [createInvite, cancelInvite]
  },
  {
    name: 'device',
    summary: 'list the devices of the org, and suspend, revoke or readmit one',
    example: 'peerage device suspend lab-7 --reason "disk is being replaced"',
    members: [listDevices, suspendDevice, revokeDevice, readmitDevice]
  },
  {
    name: 'admin',
    summary: 'show who governs the org, propose changes of that, and sign them',
    example: 'peerage admin status',
    members: [
      listAdmins,
      adminStatus,
      family({
        name: 'propose',
        summary: 'propose a new root: admins, thresholds, approvals, roles, expiry, beacons, recovery keys',
        example: 'peerage admin propose add lab-7',
        members: PROPOSALS
      }),
      signRoot,
      family({
        name: 'override',
        summary: 'lift limits of freshness for a while (break-glass), and list what is lifted',
        example:
          'peerage admin override --class restricted --for 4h --reason "line to Lyon is cut, CHG-1234"',
        members: [makeOverride, listOverrides]
      }),
      family({
        name: 'recovery',
        summary: 'make recovery keys',
        example: 'peerage admin recovery init r1.key r2.key r3.key',
        members: [initRecovery]
      })
    ]
  },
  {
    name: 'role',
    summary: 'list the roles of the org, and give or take one',
    example: 'peerage role grant lab-7 publisher',
    members: [listRoles, grantRole, revokeRole]
  },
  {
    name: 'group',
    summary: 'list and make groups of devices, and say who is in them',
    example: 'peerage group create renderers',
    members: [listGroups, createGroup, addToGroup, removeFromGroup]
  },
  {
    name: 'token',
    summary: 'list, make and end tokens, with which programs elsewhere use the API of this node',
    example: 'peerage token create prometheus --scope read',
    members: [listTokens, createToken, revokeToken]
  },
  {
    name: 'session',
    summary: 'list who is signed in to this node in a browser, and sign one out',
    example: 'peerage session list',
    members: [listSessions, endSession]
  },
  {
    name: 'signin',
    summary: 'show and set which provider of the org signs people in to this node, and what they may do',
    example: 'peerage signin show',
    members: [showSignIn, setSignIn, unsetSignIn, nameOfPerson]
  },
  {
    name: 'class',
    summary: 'list how content of each class is kept, and change it',
    example: 'peerage class set restricted --copies 3 --sites 2',
    members: [listClasses, setClass]
  },
  {
    name: 'storage',
    summary: 'show where there is room and what is not safe, and set how many copies are kept and where',
    example: 'peerage storage policy payroll copies=3,sites=2',
    members: [
      showStorage,
      setStoragePolicy,
      setRegion,
      family({
        name: 'scrub',
        summary: 'show how what is held here is read again for rot, begin or pause that, and set how fast',
        example: 'peerage storage scrub status',
        members: [scrubStatus, startScrub, pauseScrub, setScrubRate]
      })
    ]
  },
  {
    name: 'capacity',
    summary: 'show and set how much of its disk this device offers for copies',
    example: 'peerage capacity set 200GB --keep-free 10%',
    members: [showCapacity, setCapacity]
  },
  {
    name: 'risk',
    summary: 'list the risks of the network by what remains of them, show why, and accept them',
    example: 'peerage risk show data-loss',
    members: [listRisks, showRisk, acceptRisk, withdrawRisk, ownRisk, treatRisk]
  },
  {
    name: 'detections',
    summary: 'list what is not as usual, show why, and set from where on it is',
    example: 'peerage detections show 12',
    members: [
      listDetections,
      showDetection,
      acknowledgeDetection,
      listDetectionRules,
      setDetectionRule,
      setDetectionHours
    ]
  },
  {
    name: 'siem',
    summary: 'send events to who watches from outside, and see whether they arrive',
    example: 'peerage siem set syslog+tls://log.example:6514',
    members: [listSinks, setSink, removeSink]
  },
  {
    name: 'report',
    summary: 'write what the org is asked for to a file: risks, processing, transfers, savings',
    example: 'peerage report risk --format html --out risk.html',
    members: [reportRisk, reportProcessing, reportTransfers, reportSavings]
  },
  {
    name: 'slo',
    summary: 'set service levels, and see whether they are met and what is left of their error budgets',
    example: 'peerage slo set swift --measure distribute --within 10m --share 95%',
    members: [listLevels, showLevel, showLevelHistory, setLevel, unsetLevel]
  },
  {
    name: 'prices',
    summary: 'set what a GB over the WAN costs, for the savings of the fleet',
    example: 'peerage prices set 0.08 --site lyon',
    members: [listPrices, setPrice, unsetPrice]
  },
  ...PRIVACY_FAMILIES,
  {
    name: 'access',
    summary: 'list, give and take access to datasets',
    example: 'peerage access grant group:renderers textures/',
    members: [listAccess, grantAccess, revokeAccess]
  },
  {
    name: 'dataset',
    summary: 'govern one dataset',
    example: 'peerage dataset policy payroll --access granted',
    members: [setPolicy, setOrigin]
  },
  {
    name: 'transfers',
    summary: 'list the transfers of this node, stop, pause or resume one, or put it first',
    example: 'peerage transfers',
    members: [
      transfers,
      transferFiles,
      stopTransfer,
      pauseTransfer,
      resumeTransfer,
      prioritiseTransfer,
      setTransferDeadline
    ]
  },
  {
    name: 'follow',
    summary: 'keep a folder at the newest good version of a dataset, and run a hook after each switch',
    example: 'peerage follow os-image /srv/os-image --hook "systemctl reload app"',
    members: [startFollow, listFollows, followStatus, stopFollow, rollbackFollow, resumeFollow, retryFollow]
  },
  {
    name: 'limits',
    summary: 'show and set how much bandwidth this node may use: caps, hours, budgets, giving way',
    example: 'peerage limits set --up 5MB/s --link wan',
    members: [listLimits, setLimit, removeLimit, clearLimits, setBudget]
  },
  {
    name: 'cache',
    summary: 'show and set how much is kept of what was read through this node',
    example: 'peerage cache set 20GB',
    members: [showCache, setCache]
  },
  {
    name: 'boost',
    summary:
      'show what many devices want and too few servers have, and the copies of it that are here in passing',
    example: 'peerage boost set --room 40%',
    members: [showBoosts, setBoosts, beginBoosts, endBoosts]
  },
  {
    name: 'scan',
    summary: 'scan for malware, now or by itself, and show what was found, who holds it and who has read it',
    example: 'peerage scan os-image',
    members: [runScan, showScanStatus, listMalware, showScans, setUpScan, endScan]
  },
  {
    name: 'key',
    summary: 'make and look after key files: keys under a passphrase, apart from any device',
    example: 'peerage key create admin.key',
    members: [createKey, showKey, changeKeyPassphrase]
  },
  {
    name: 'ledger',
    summary:
      'show what the ledger of the org says and why it is or is not in force; export it, and check an export',
    example: 'peerage ledger --since 24h',
    members: [listLedger, showLedger, listFeeds, exportLedger, verifyLedger]
  },
  {
    name: 'audit',
    summary: 'show what devices did, who read a dataset, and whether the logs can be believed',
    example: 'peerage audit --dataset os-image --since 24h',
    members: [listAudit, whoAudit, verifyAudit, exportAudit, checkpointAudit, witnessAudit, acceptAudit]
  }
]

export function createProgram(context: CliContext, outcome: Outcome): Command {
  const program = new Command('peerage')
  program
    .description('Governed peer-to-peer storage and delivery for an organisation’s own machines.')
    .version(softwareVersion(), '-V, --version', 'print the version')
    .option(...HOME_OPTION)
    .option(...JSON_OPTION)
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp(HELP_STYLE)
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      // Errors are rendered in one place, whatever found them.
      writeErr: () => {}
    })
    .addHelpText(
      'after',
      '\nExample:\n  $ peerage init --org acme --site berlin --device build-1 && peerage up'
    )
  for (const install of TOP_LEVEL) install(program, context, outcome)
  for (const members of FAMILIES) family(members)(program, context, outcome)
  groupCommands(program)
  return program
}

function toAppError(thrown: unknown, named: Command): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof CommanderError) return misusedError(thrown, named)
  return new AppError(
    'NODE_INTERNAL',
    `peerage met a fault of its own: ${messageOf(thrown)}; please report it`,
    {
      cause: thrown
    }
  )
}

/** Runs one command line (without the name of the program) and returns the exit code of the process. */
export async function run(argv: readonly string[], context: CliContext): Promise<number> {
  const outcome: Outcome = { exitCode: 0, streams: false }
  const program = createProgram(context, outcome)
  if (argv.length === 0) {
    program.outputHelp()
    return 0
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
    return outcome.exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0
    const error = toAppError(thrown, namedCommand(program, argv))
    if (argv.includes('--json'))
      context.stdout.write(`${JSON.stringify(errorValue(error, outcome.streams))}\n`)
    else {
      const paint = paintFor({ isTty: context.stderr.isTty, env: context.env })
      context.stderr.write(`${paint('red', 'peerage')}: ${printable(error.message)} (${error.code})\n`)
      if (error.code === 'NODE_INTERNAL' && error.cause instanceof Error)
        context.stderr.write(`${error.cause.stack ?? ''}\n`)
    }
    return ERROR_CODES[error.code].exitCode
  }
}
