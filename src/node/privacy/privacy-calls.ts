/** What the node can be asked of notes and registers of privacy: a part of service.ts. */

import type {
  ControllerField,
  DatasetNoteChanges,
  PlaceNote,
  PrivacyNotes,
  ProcessingRecord
} from './privacy-terms.ts'
import type { TransferRegister } from './transfer-terms.ts'

/** All of it is for devices that know whom data is about; elsewhere it rejects with NOT_AUTHORISED. */
export interface PrivacyService {
  notes(): Promise<PrivacyNotes>
  /** Null takes away what was noted; USAGE for what can not be noted. */
  setNote(of: {
    readonly field: ControllerField | 'territory'
    readonly value: string | null
  }): Promise<PrivacyNotes>
  /** `site:NAME`, `region:NAME` or `device:NAME`; all null takes the note away. */
  setPlace(of: Omit<PlaceNote, 'sinceAtMs'>): Promise<PrivacyNotes>
  describeDataset(changes: DatasetNoteChanges): Promise<PrivacyNotes>
  /** The record of processing activities, Art. 30. */
  processing(): Promise<ProcessingRecord>
  /** The register of transfers, chapter V. Asks for the audit logs of others. */
  transfers(): Promise<TransferRegister>
}
