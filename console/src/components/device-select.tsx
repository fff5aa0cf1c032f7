/** Narrows a search to one device. */

import { Select } from '@mantine/core'
import type { ReactNode } from 'react'
import { deviceText } from './words.ts'

export function DeviceSelect(props: {
  readonly label: string
  readonly devices: readonly { readonly device: string; readonly name: string | null }[]
  readonly value: string | null
  readonly onChange: (device: string | null) => void
}): ReactNode {
  const { label, devices, value, onChange } = props
  return (
    <Select
      label={label}
      placeholder="every device"
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Every device' }}
      data={devices.map(record => ({ value: record.device, label: deviceText(record) }))}
      value={value}
      onChange={onChange}
    />
  )
}
