/** The commands about persons, about how long data is kept, and about its end. */

import {
  changeBreach,
  closeBreach,
  deleteBreach,
  listBreaches,
  listBreachPersons,
  openBreach,
  reportBreach,
  showBreach
} from './commands/breach.ts'
import {
  approveErase,
  certifyErase,
  eraseStatus,
  finishErase,
  listErasures,
  startErase,
  verifyErase
} from './commands/erase.ts'
import { liftHold, listHolds, placeHold } from './commands/hold.ts'
import { describePrivacy, placePrivacy, setPrivacy, showPrivacy } from './commands/privacy.ts'
import {
  closeRequest,
  deleteRequest,
  extendRequest,
  listRequests,
  openRequest,
  showRequest
} from './commands/request.ts'
import { runRetention, setRetention, showRetention } from './commands/retention.ts'
import {
  addSubject,
  exportSubject,
  forgetSubject,
  listLookups,
  listSubjects,
  showSubject
} from './commands/subject.ts'
import type { Family } from './family.ts'

export const PRIVACY_FAMILIES: readonly Family[] = [
  {
    name: 'privacy',
    summary:
      'note who the controller is, where sites are, and what datasets are for, for registers of privacy',
    example: 'peerage privacy set controller "Acme GmbH, Berlin"',
    members: [showPrivacy, setPrivacy, placePrivacy, describePrivacy]
  },
  {
    name: 'hold',
    summary: 'keep datasets from being deleted, end that, and list what is held',
    example: 'peerage hold place payroll --reason "case 17"',
    members: [listHolds, placeHold, liftHold]
  },
  {
    name: 'erase',
    summary: 'take versions from the whole org for good, see who has deleted them, and certify it',
    example: 'peerage erase payroll@3 --basis art17 --reason "asked for by letter"',
    members: [startErase, listErasures, eraseStatus, approveErase, finishErase, certifyErase, verifyErase]
  },
  {
    name: 'breach',
    summary:
      'open breaches of personal data, see who read what and how long is left, and draft the notification',
    example: 'peerage breach open --summary "laptop lost in a train" --dataset payroll',
    members: [
      listBreaches,
      openBreach,
      showBreach,
      listBreachPersons,
      changeBreach,
      closeBreach,
      reportBreach,
      deleteBreach
    ]
  },
  {
    name: 'retention',
    summary: 'show and set for how long versions are kept, and have erased what is over',
    example: 'peerage retention run --dry-run',
    members: [showRetention, setRetention, runRetention]
  },
  {
    name: 'subject',
    summary: 'list the persons that data is about, show and export all about one, and forget whom it meant',
    example: 'peerage subject show jane.doe@example.org',
    members: [listSubjects, showSubject, addSubject, exportSubject, listLookups, forgetSubject]
  },
  {
    name: 'request',
    summary: 'open requests of persons, see what is due when, and extend and close them',
    example: 'peerage request open --subject jane.doe@example.org --kind access',
    members: [listRequests, openRequest, showRequest, extendRequest, closeRequest, deleteRequest]
  }
]
