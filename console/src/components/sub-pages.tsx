/** Pages of one part of the console beside each other: where one is, and where one can go. */

import { type ReactNode, useEffect, useRef } from 'react'
import { Link, useLocation } from 'react-router'
import classes from './sub-pages.module.css'

/** Of the page before it, so that one sees that there is one. */
const EDGE_PIXELS = 64

export interface SubPage {
  readonly to: string
  readonly label: string
}

/** The first is where the part begins, so what lies below it is of the others. */
export function SubPages({
  label,
  pages
}: {
  readonly label: string
  readonly pages: readonly SubPage[]
}): ReactNode {
  const { pathname } = useLocation()
  const bar = useRef<HTMLElement>(null)
  // Where one is has to be in sight, also where the line is wider than the page.
  useEffect(() => {
    const here = bar.current?.querySelector<HTMLElement>('a[aria-current]')
    if (here != null && bar.current !== null) bar.current.scrollLeft = here.offsetLeft - EDGE_PIXELS
  }, [])
  return (
    <nav ref={bar} aria-label={label} className={classes.bar}>
      {pages.map(({ to, label: text }, at) => {
        const isHere = pathname === to || (at > 0 && pathname.startsWith(`${to}/`))
        return (
          <Link key={to} to={to} className={classes.link} aria-current={isHere ? 'page' : undefined}>
            {text}
          </Link>
        )
      })}
    </nav>
  )
}
