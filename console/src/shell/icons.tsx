/** The icons of the console: strokes on a grid of 24, hidden from screen readers, which hear the words beside them. */

import type { ReactNode } from 'react'

interface IconProps {
  readonly size?: number
}

function Icon({ size = 20, children }: IconProps & { readonly children: ReactNode }): ReactNode {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {children}
    </svg>
  )
}

export const OverviewIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M4 13a8 8 0 1 1 16 0" />
    <path d="m12 13 3.5-4" />
    <path d="M5 18h14" />
  </Icon>
)

export const NetworkIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="12" cy="5" r="2.5" />
    <circle cx="5" cy="18" r="2.5" />
    <circle cx="19" cy="18" r="2.5" />
    <path d="M10.8 7.2 6.2 15.8M13.2 7.2l4.6 8.6M7.5 18h9" />
  </Icon>
)

export const DatasetsIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="m12 3 8 4-8 4-8-4z" />
    <path d="m4 12 8 4 8-4M4 17l8 4 8-4" />
  </Icon>
)

export const TransfersIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M7.5 4v13M4 13.5 7.5 17l3.5-3.5" />
    <path d="M16.5 20V7M13 10.5 16.5 7l3.5 3.5" />
  </Icon>
)

export const LedgerIcon = (props: IconProps) => (
  <Icon {...props}>
    <rect x="4" y="3.5" width="6" height="6" rx="1.2" />
    <rect x="14" y="9" width="6" height="6" rx="1.2" />
    <rect x="4" y="14.5" width="6" height="6" rx="1.2" />
    <path d="M10 6.5h3.2a2 2 0 0 1 2 2V9M10 17.5h3.2a2 2 0 0 0 2-2V15" />
  </Icon>
)

export const RiskIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M12 3 4.5 6v5.5c0 4.6 3 7.8 7.5 9.5 4.5-1.7 7.5-4.9 7.5-9.5V6z" />
    <path d="M12 8.5v4M12 15.8v.2" />
  </Icon>
)

export const AuditIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M6 3h9l4 4v14H6z" />
    <path d="M9.5 9H13M9.5 13h2" />
    <path d="m12 17 2 2 3.5-4" />
  </Icon>
)

export const PrivacyIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="12" cy="8" r="3.5" />
    <path d="M5 20c.6-3.9 3.3-6 7-6M13.5 17.5h7v4h-7zM15 17.5v-1.2a2 2 0 0 1 4 0v1.2" />
  </Icon>
)

export const PerformanceIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M4 20V4M4 20h16" />
    <path d="m7.5 15 3.5-4 3 2.5 5-6.5" />
  </Icon>
)

export const SettingsIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M4 7h9M19 7h1M4 17h1M11 17h9" />
    <circle cx="16" cy="7" r="2.5" />
    <circle cx="8" cy="17" r="2.5" />
  </Icon>
)

export const SunIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4" />
  </Icon>
)

export const MoonIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M20 14.5A8.5 8.5 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5z" />
  </Icon>
)

export const LeaveIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M9 4H5a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h4M15 8l4 4-4 4M19 12H9" />
  </Icon>
)

export const AlertIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M12 4 2.8 19.5h18.4zM12 10v4M12 17v.2" />
  </Icon>
)

export const GoodIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="12" cy="12" r="9" />
    <path d="m8 12.2 2.8 2.8L16 9.5" />
  </Icon>
)

export const DownIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M12 4v15M6 13.5l6 6 6-6" />
  </Icon>
)

export const UpIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M12 20V5M6 10.5l6-6 6 6" />
  </Icon>
)

export const SearchIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="11" cy="11" r="6.5" />
    <path d="m16 16 4.5 4.5" />
  </Icon>
)

/** The mark of Peerage: peers that each reach the others. */
export function Mark({ size = 28 }: IconProps): ReactNode {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32">
      <rect width="32" height="32" rx="8" fill="#0a766a" />
      <g stroke="#ffffff" strokeWidth="1.8" opacity="0.75">
        <path d="M10 10h12v12H10zM10 10l12 12M22 10 10 22" fill="none" />
      </g>
      <g fill="#ffffff">
        <circle cx="10" cy="10" r="3" />
        <circle cx="22" cy="10" r="3" />
        <circle cx="10" cy="22" r="3" />
        <circle cx="22" cy="22" r="3" />
      </g>
    </svg>
  )
}
