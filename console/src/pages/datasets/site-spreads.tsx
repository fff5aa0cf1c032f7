/**
 * How far a version has come at each site: a cell for each device, which fills as the device does. Where there are too
 * many to be told apart, a site is one bar.
 */

import { Button, Text } from '@mantine/core'
import { type CSSProperties, type ReactNode, useState } from 'react'
import type { Answer } from '../../api/routes.ts'
import type { Holder } from '../../components/spread.ts'
import { counted, deviceText, percentText } from '../../components/words.ts'
import { type SiteSpread, type SpreadCell, siteSpreads } from './site-spread.ts'
import classes from './site-spreads.module.css'

const CELLS_MAX = 60
const SITES_SHOWN = 8

export function SiteSpreads(props: {
  readonly members: Answer<'devices'>['devices']
  readonly holders: readonly Holder[]
  readonly totalPieces: number | null
}): ReactNode {
  const { members, holders, totalPieces } = props
  const [isAll, setAll] = useState(false)
  const sites = siteSpreads(members, holders, totalPieces)
  const shown = isAll ? sites : sites.slice(0, SITES_SHOWN)
  return (
    <div>
      <ul className={classes.sites} aria-label="By site">
        {shown.map(spread => (
          <Site key={spread.site} spread={spread} />
        ))}
      </ul>
      {shown.length < sites.length && (
        <Button variant="default" size="xs" mt="sm" onClick={() => setAll(true)}>
          Show {counted(sites.length - shown.length, 'more site')}
        </Button>
      )}
    </div>
  )
}

function Site({ spread }: { readonly spread: SiteSpread }): ReactNode {
  const { site, cells, whole, share } = spread
  return (
    <li className={classes.site}>
      <Text size="sm" fw={600} truncate>
        {site ?? 'site not known'}
      </Text>
      {cells.length > CELLS_MAX ? <Bar spread={spread} /> : <Cells cells={cells} />}
      <Text
        size="sm"
        className={classes.share ?? ''}
        title="what its devices have together, of all that they would have"
      >
        {whole === cells.length ? 'all' : percentText(share, 1)}
      </Text>
      <Text size="sm" c="dimmed" className={classes.count ?? ''}>
        {whole.toLocaleString('en')} of {counted(cells.length, 'device')}
      </Text>
    </li>
  )
}

function Cells({ cells }: { readonly cells: readonly SpreadCell[] }): ReactNode {
  return (
    <span className={classes.cells} aria-hidden="true">
      {cells.map(cell => (
        <span
          key={cell.device}
          className={classes.cell}
          data-whole={cell.share === 1}
          style={{ '--share': cell.share } as CSSProperties}
          title={`${deviceText(cell)}: ${cell.share === 1 ? 'all of it' : percentText(cell.share, 1)}`}
        />
      ))}
    </span>
  )
}

function Bar({ spread: { cells, whole, share } }: { readonly spread: SiteSpread }): ReactNode {
  const style = { '--whole': whole / cells.length, '--share': share } as CSSProperties
  return <span className={classes.bar} style={style} aria-hidden="true" />
}
