import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './page.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { asksAgain } from './api/answers.ts'
import { watchAttendance } from './api/attendance.ts'
import { SignedIn } from './api/session.tsx'
import { Places } from './shell/places.tsx'
import { SignInPage } from './shell/sign-in-page.tsx'
import { Waiting } from './shell/waiting.tsx'
import { theme, variables } from './theme.ts'

const FRESH_MS = 5_000

/** What this answer of the node lets through as styles; the browser shows it to scripts of the page alone. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''
// What locks scrolling behind a dialogue asks for it by this name.
Object.assign(globalThis, { __webpack_nonce__: nonce })

watchAttendance(window)

const client = new QueryClient({
  defaultOptions: { queries: { staleTime: FRESH_MS, retry: asksAgain }, mutations: { retry: false } }
})

const root = document.getElementById('root')
if (root === null) throw new Error('the page has a place for the console')
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <Notifications position="bottom-right" />
      <QueryClientProvider client={client}>
        <SignedIn waiting={<Waiting />} signIn={props => <SignInPage {...props} />}>
          <BrowserRouter>
            <Places />
          </BrowserRouter>
        </SignedIn>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>
)
