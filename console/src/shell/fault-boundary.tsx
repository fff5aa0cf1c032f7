/** A page that fails says so and leaves the rest of the console standing. */

import { Component, type ReactNode } from 'react'
import { Failure } from '../components/failure.tsx'

interface Props {
  readonly children: ReactNode
  readonly onFault?: (() => void) | undefined
}

/** How browsers and the build say that a part of the console could not be had. */
const NOT_LOADED = /dynamically imported module|preload CSS|Importing a module script failed/i

const NOTHING_LOADED = new Error(
  'The node does not answer, or runs another version since the console was opened in this tab.'
)

export class FaultBoundary extends Component<Props, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null }

  static getDerivedStateFromError(thrown: unknown): { error: Error } {
    return { error: thrown instanceof Error ? thrown : new Error(String(thrown)) }
  }

  override componentDidCatch(): void {
    this.props.onFault?.()
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === null) return this.props.children
    if (!NOT_LOADED.test(error.message)) return <Failure error={error} title="This page met a fault" />
    return (
      <Failure
        error={NOTHING_LOADED}
        title="This page could not be loaded"
        retry="Load it again"
        onRetry={() => window.location.reload()}
      />
    )
  }
}
