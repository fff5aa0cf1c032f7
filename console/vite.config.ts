/**
 * Builds the console into static files: console/dist in a checkout, dist/console in the published package.
 *
 * The table of routes of the admin API goes in as data, so that the console neither repeats it nor carries its schemas.
 */

import react from '@vitejs/plugin-react'
import postcssPresetMantine from 'postcss-preset-mantine'
import { defineConfig } from 'vite'
import { ROUTE_NOTES } from '../src/api/route-notes.ts'
import { ROUTES, type RouteName } from '../src/api/routes.ts'

/** What stands where each page's own nonce comes, which the node puts in as it answers. */
const NONCE_PLACE = '__NONCE__'
const CHUNK_KILOBYTES_MAX = 900

const names = Object.keys(ROUTES) as RouteName[]
const table = Object.fromEntries(
  names.map(name => [name, [ROUTES[name].method, ROUTES[name].path, ROUTE_NOTES[name][0]]])
)

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  define: { ROUTE_TABLE: JSON.stringify(table) },
  css: { postcss: { plugins: [postcssPresetMantine()] } },
  html: { cspNonce: NONCE_PLACE },
  build: {
    target: 'es2024',
    emptyOutDir: true,
    // Nothing is inlined: the policy of the page allows files of the node and no data addresses.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: CHUNK_KILOBYTES_MAX,
    modulePreload: { polyfill: false }
  },
  server: {
    // For work on the console: `npm run dev -w console` beside a node with --api, named by PEERAGE_API.
    proxy: Object.fromEntries(
      ['/v1', '/session', '/content', '/openapi.json'].map(path => [
        path,
        { target: process.env.PEERAGE_API ?? 'https://127.0.0.1:4780', secure: false, changeOrigin: true }
      ])
    )
  }
})
