/** Colours and type. What is dimmed is still read by everybody: 4.5 to 1 or more on what it lies on. */

import {
  Alert,
  Badge,
  Chip,
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  Modal
} from '@mantine/core'
import { paletteVariables } from './palette.ts'

const peerage: MantineColorsTuple = [
  '#e6f7f5',
  '#d3ece8',
  '#a8d7d0',
  '#7ac2b7',
  '#54b0a3',
  '#3ca596',
  '#2d9f8f',
  '#1a8b7c',
  '#0a766a',
  '#005f54'
]

/** Of the tint of the surfaces: what Mantine brings is a grey that looks brown beside them. */
const dark: MantineColorsTuple = [
  '#d6dee3',
  '#b9c5cd',
  '#8796a1',
  '#647480',
  '#3d4a53',
  '#334049',
  '#222c32',
  '#1a2227',
  '#161d21',
  '#10161a'
]

export const theme = createTheme({
  colors: { peerage, dark },
  primaryColor: 'peerage',
  primaryShade: { light: 8, dark: 4 },
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SFMono-Regular", "Cascadia Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Alert: Alert.extend({
      styles: {
        root: { background: 'var(--peerage-surface)' },
        label: { color: 'var(--mantine-color-text)' }
      }
    }),
    Badge: Badge.extend({ styles: { root: { verticalAlign: 'middle' } } }),
    Chip: Chip.extend({ defaultProps: { variant: 'outline' } }),
    Modal: Modal.extend({
      styles: {
        content: { background: 'var(--peerage-surface)' },
        header: { background: 'var(--peerage-surface)' },
        title: { fontSize: 'var(--mantine-font-size-lg)', fontWeight: 650 }
      }
    })
  }
})

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...paletteVariables('light'),
    '--mantine-color-body': '#f6f8f9',
    '--mantine-color-dimmed': '#51606b',
    '--mantine-color-placeholder': '#5b6873',
    '--mantine-color-anchor': '#0a6b60',
    '--mantine-color-error': '#b92525',
    '--mantine-color-red-outline': '#b92525',
    '--mantine-color-teal-outline': '#087a58',
    '--mantine-color-yellow-outline': '#8f5b00',
    '--peerage-surface': '#ffffff',
    '--peerage-line': '#dfe5e9'
  },
  dark: {
    ...paletteVariables('dark'),
    '--mantine-color-body': '#12181c',
    '--mantine-color-dimmed': '#a3b1bb',
    '--mantine-color-placeholder': '#97a5af',
    '--mantine-color-anchor': '#7ac2b7',
    // Labels of filled buttons are white in both schemes.
    '--mantine-color-peerage-filled': '#0a766a',
    '--mantine-color-peerage-filled-hover': '#005f54',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-red-outline': '#ff8787',
    '--mantine-color-teal-outline': '#38d9a9',
    '--mantine-color-yellow-outline': '#ffd43b',
    '--peerage-surface': '#1a2227',
    '--peerage-line': '#2d3840'
  }
})
