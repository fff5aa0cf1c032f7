/** A page that fails says so and leaves the rest of the console standing. */

import { Component, type ReactNode } from 'react'
import { Failure } from '../components/failure.tsx'

interface Props {
  readonly children: ReactNode
}

export class FaultBoundary extends Component<Props, { readonly error: Error | null }> {
  override state = { error: null }

  static getDerivedStateFromError(thrown: unknown): { error: Error } {
    return { error: thrown instanceof Error ? thrown : new Error(String(thrown)) }
  }

  override render(): ReactNode {
    const { error } = this.state
    return error === null ? this.props.children : <Failure error={error} title="This page met a fault" />
  }
}
