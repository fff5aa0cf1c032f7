/** What surrounds every page: navigation, who and what is looked at and how old it is, light and dark, sign-out. */

import { AppShell, Box, Burger, Button, Group, NavLink, Stack, Text, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type ReactNode, Suspense, useLayoutEffect, useState } from 'react'
import { Link, NavigationType, Route, Routes, useLocation, useNavigationType } from 'react-router'
import { Live } from '../api/live.tsx'
import { useSession } from '../api/session.tsx'
import { type ConsolePage, PAGES } from '../pages.ts'
import { FaultBoundary } from './fault-boundary.tsx'
import { LeaveIcon, Mark } from './icons.tsx'
import { NoSuchPage } from './no-such-page.tsx'
import { NodeLine, OrgName } from './node-line.tsx'
import { SchemeButton } from './scheme-button.tsx'
import { Waiting } from './waiting.tsx'

const NAVIGATION_PIXELS = 224
const HEADER_PIXELS = 60

export function Shell(): ReactNode {
  const [isOpen, { toggle, close }] = useDisclosure()
  const { may } = useSession()
  const pages = PAGES.filter(({ needs }) => may(needs))
  return (
    <Live>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <AppShell
        header={{ height: HEADER_PIXELS }}
        navbar={{ width: NAVIGATION_PIXELS, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
        padding={{ base: 'md', md: 'xl' }}
        // A page whose room changes is there at once: while its edge moved, it was wider than the window.
        transitionDuration={0}
      >
        <AppShell.Header bg="var(--peerage-surface)">
          <Group h="100%" px="md" justify="space-between" wrap="nowrap">
            <Group gap="sm" wrap="nowrap" miw={0}>
              <Burger
                opened={isOpen}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label={isOpen ? 'Close the navigation' : 'Open the navigation'}
                aria-expanded={isOpen}
              />
              <Mark />
              <OrgName />
            </Group>
            <Group gap="sm" wrap="nowrap">
              <Box visibleFrom="sm">
                <NodeLine />
              </Box>
              <SchemeButton />
            </Group>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="sm" bg="var(--peerage-surface)" aria-label="Pages">
          <Stack gap={2} flex={1}>
            {pages.map(page => (
              <PageLink key={page.path} page={page} onFollow={close} />
            ))}
          </Stack>
          <Caller />
        </AppShell.Navbar>
        <AppShell.Main id="main" tabIndex={-1}>
          <Box hiddenFrom="sm" mb="sm">
            <NodeLine />
          </Box>
          <Pages pages={pages} />
        </AppShell.Main>
      </AppShell>
    </Live>
  )
}

function Pages({ pages }: { readonly pages: readonly ConsolePage[] }): ReactNode {
  const { pathname } = useLocation()
  return (
    <FaultBoundary key={pathname}>
      <FromTheTop />
      <Suspense fallback={<Waiting />}>
        <Routes>
          {pages.map(({ path, view: View }) => (
            <Route key={path} path={path === '/' ? path : `${path}/*`} element={<View />} />
          ))}
          <Route path="*" element={<NoSuchPage />} />
        </Routes>
      </Suspense>
    </FaultBoundary>
  )
}

/** Who follows a link begins at the top of the page; who goes back is brought by the browser to where they were. */
function FromTheTop(): ReactNode {
  const [arrival] = useState(useNavigationType())
  useLayoutEffect(() => {
    if (arrival !== NavigationType.Pop) window.scrollTo({ top: 0, behavior: 'instant' })
  }, [arrival])
  return null
}

function PageLink({
  page: { path, label, icon: Icon },
  onFollow
}: {
  readonly page: ConsolePage
  readonly onFollow: () => void
}): ReactNode {
  const { pathname } = useLocation()
  const isHere = path === '/' ? pathname === '/' : pathname === path || pathname.startsWith(`${path}/`)
  return (
    <NavLink
      component={Link}
      to={path}
      label={label}
      leftSection={<Icon />}
      active={isHere}
      aria-current={isHere ? 'page' : undefined}
      onClick={onFollow}
      fw={isHere ? 600 : 500}
      bdrs="md"
    />
  )
}

function Caller(): ReactNode {
  const { who, end } = useSession()
  return (
    <Stack gap={6} pt="sm">
      <Tooltip label={`may: ${who.scopes.join(', ')}`} multiline maw={320}>
        <Text size="xs" c="dimmed" truncate tabIndex={0}>
          {who.id}
        </Text>
      </Tooltip>
      <Button
        variant="default"
        size="xs"
        leftSection={<LeaveIcon size={16} />}
        onClick={() => void end()}
        justify="flex-start"
      >
        Sign out
      </Button>
    </Stack>
  )
}
