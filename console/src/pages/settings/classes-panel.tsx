/** How content of each class is kept in the whole org, and changing that. */

import { Box, List, NumberInput, Select, SimpleGrid, Switch, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { Answered } from '../../components/answered.tsx'
import { ClassReach } from '../../components/class-reach.tsx'
import { DATA_CLASSES } from '../../components/data-classes.ts'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { Dialogue } from '../../components/form-dialogue.tsx'
import { Panel } from '../../components/panel.tsx'
import { PendingApprovals } from '../../components/pending-approvals.tsx'
import { type RowAction, useRowDialogue } from '../../components/row-dialogue.tsx'
import { durationText } from '../../components/words.ts'
import {
  approvalText,
  type ClassFields,
  type ClassRules,
  changeTexts,
  classChanges,
  classFields,
  HOLDERS
} from './class-words.ts'

const TABLE_PIXELS = 260
const COPIES_MAX = 16

export function ClassesPanel(): ReactNode {
  const classes = useAnswer('classes', {})
  const { may } = useSession()
  const { columns, chosen, isOpen, close } = useRowDialogue(COLUMNS, may('setClass') ? CHANGE : null)
  return (
    <Panel title="Classes" note="How content of each class is kept: of the whole org, as the ledger has it">
      {may('operations') && <PendingApprovals type="class.policy" />}
      <Answered of={classes}>
        {({ classes: all }) => (
          <DataTable
            label="Classes"
            rows={all}
            columns={columns}
            keyOf={({ dataClass }) => dataClass}
            empty="There are no classes."
            heightPixels={TABLE_PIXELS}
          />
        )}
      </Answered>
      {chosen !== null && (
        <Dialogue title={`How class ${chosen.dataClass} is kept`} isOpen={isOpen} onClose={close}>
          <ClassForm rules={chosen} onDone={close} />
        </Dialogue>
      )}
    </Panel>
  )
}

const yesOrNo = (is: boolean): string => (is ? 'yes' : 'no')

const COLUMNS: readonly Column<ClassRules>[] = [
  {
    ...{ title: 'Class', width: 'minmax(90px, 1fr)' },
    value: ({ dataClass }) => dataClass,
    order: ({ dataClass }) => DATA_CLASSES.indexOf(dataClass)
  },
  { title: 'Sealed', width: '80px', from: 'sm', value: ({ sealed }) => yesOrNo(sealed) },
  { title: 'Held by', width: 'minmax(120px, 1.2fr)', from: 'md', value: ({ holders }) => HOLDERS[holders] },
  {
    ...{ title: 'Copies', width: 'minmax(90px, 1fr)', from: 'sm' },
    value: ({ copies, sites }) => `${copies} on ${sites} ${sites === 1 ? 'site' : 'sites'}`
  },
  { title: 'Scanned', width: '80px', from: 'md', value: ({ scan }) => yesOrNo(scan) },
  { title: 'Leaves', width: '80px', from: 'lg', value: ({ leaves }) => yesOrNo(leaves) },
  {
    ...{ title: 'Kept', width: 'minmax(70px, 0.7fr)', from: 'sm' },
    value: ({ retentionMs }) => (retentionMs === null ? 'for ever' : durationText(retentionMs))
  }
]

const CHANGE: RowAction<ClassRules> = {
  ...{ title: 'Change it', width: '96px', verb: 'Change' },
  label: ({ dataClass }) => `Change class ${dataClass}`
}

function ClassForm({
  rules,
  onDone
}: {
  readonly rules: ClassRules
  readonly onDone: () => void
}): ReactNode {
  const { dataClass } = rules
  const authority = useAnswer('authority', {})
  const setClass = useAction('setClass')
  const [fields, setFields] = useState(() => classFields(rules))
  const changes = classChanges(rules, fields)
  const texts = changeTexts(changes)
  return (
    <ActingForm
      verb="Sign it"
      isReady={texts.length > 0}
      name={dataClass}
      act={async () => [await setClass.mutateAsync({ dataClass, changes })]}
      onDone={onDone}
    >
      <Answered of={authority}>
        {({ threshold, approvals, admins }) => (
          <Text size="sm">
            It is of the whole org.{' '}
            {approvalText({ needed: neededOf(approvals, threshold), admins: admins.length })}
          </Text>
        )}
      </Answered>
      <Rules fields={fields} onChange={more => setFields({ ...fields, ...more })} />
      <Box role="status">
        <List size="sm" spacing={4}>
          {texts.length === 0 && <List.Item>Nothing is changed yet.</List.Item>}
          {texts.map(text => (
            <List.Item key={text}>{text}</List.Item>
          ))}
          {texts.length > 0 && (
            <List.Item>
              <ClassReach dataClass={dataClass} />
            </List.Item>
          )}
        </List>
      </Box>
    </ActingForm>
  )
}

/** As many as a root, or more where the root says so. */
function neededOf(
  approvals: readonly { readonly type: string; readonly admins: number }[],
  least: number
): number {
  return Math.max(least, approvals.find(({ type }) => type === 'class.policy')?.admins ?? 0)
}

function Rules(props: {
  readonly fields: ClassFields
  readonly onChange: (changes: Partial<ClassFields>) => void
}): ReactNode {
  const { fields, onChange } = props
  const flag = (rule: 'sealed' | 'scan' | 'leaves', label: string): ReactNode => (
    <Switch
      label={label}
      checked={fields[rule]}
      onChange={event => onChange({ [rule]: event.currentTarget.checked })}
    />
  )
  const number = (rule: 'copies' | 'sites', label: string): ReactNode => (
    <NumberInput
      label={label}
      min={1}
      max={COPIES_MAX}
      allowDecimal={false}
      clampBehavior="strict"
      value={fields[rule]}
      onChange={value => typeof value === 'number' && onChange({ [rule]: value })}
    />
  )
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {number('copies', 'Copies, at the least')}
        {number('sites', 'Over sites, at the least')}
        <Select
          label="Copies may be held by"
          data={Object.entries(HOLDERS).map(([value, label]) => ({ value, label }))}
          value={fields.holders}
          allowDeselect={false}
          onChange={value => value !== null && onChange({ holders: value as ClassFields['holders'] })}
        />
        <NumberInput
          label="Deleted after days"
          placeholder="never"
          min={1}
          allowDecimal={false}
          value={fields.retentionDays ?? ''}
          onChange={value => onChange({ retentionDays: typeof value === 'number' ? value : null })}
        />
      </SimpleGrid>
      {flag('sealed', 'Sealed: who holds it without a grant can not read it')}
      {flag('scan', 'Read only once a scan has found it clean')}
      {flag('leaves', 'May leave the org’s own transport')}
    </>
  )
}
