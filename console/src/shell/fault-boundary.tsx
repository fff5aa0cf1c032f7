/** A page that fails says so and leaves the rest of the console standing. */

import { Alert, Button, Text } from '@mantine/core'
import { Component, type ReactNode } from 'react'
import { Failure } from '../components/failure.tsx'
import { AlertIcon } from './icons.tsx'

interface Props {
  readonly children: ReactNode
}

/** How browsers and the build say that a part of the console could not be had. */
const NOT_LOADED = /dynamically imported module|preload CSS|Importing a module script failed/i

export class FaultBoundary extends Component<Props, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null }

  static getDerivedStateFromError(thrown: unknown): { error: Error } {
    return { error: thrown instanceof Error ? thrown : new Error(String(thrown)) }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === null) return this.props.children
    return NOT_LOADED.test(error.message) ? (
      <NotLoaded />
    ) : (
      <Failure error={error} title="This page met a fault" />
    )
  }
}

function NotLoaded(): ReactNode {
  return (
    <Alert
      color="red"
      variant="outline"
      icon={<AlertIcon />}
      title="This page could not be loaded"
      role="alert"
    >
      <Text size="sm">
        The node does not answer, or runs another version since the console was opened in this tab.
      </Text>
      <Button mt="sm" size="xs" variant="default" onClick={() => window.location.reload()}>
        Load it again
      </Button>
    </Alert>
  )
}
