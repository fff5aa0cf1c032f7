/** Pages of one part of the console beside each other: where one is, and where one can go. */

import type { ReactNode } from 'react'
import { Link, useLocation } from 'react-router'
import classes from './sub-pages.module.css'

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
  return (
    <nav aria-label={label} className={classes.bar}>
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
