/**
 * Puts the program into few files: what src/ says together with the packages that it uses. A node reads a dozen files
 * at its start in place of two thousand, and who installs the package downloads nothing else.
 *
 * A module that asks for its own place gets the one that it would have if each module were a file of dist/.
 */

import { globSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Plugin, rolldown } from 'rolldown'

const ROOT = join(import.meta.dirname, '..')
const SOURCE = join(ROOT, 'src')
const ENTRY = 'cli/main'
/** Stands for dist/ until a chunk has its name, and so its depth. */
const PLACE = '__DIST__'
const FOLDER_OF = "(url => process.getBuiltinModule('node:url').fileURLToPath(new URL('.', url)))"

function placeOf(module: string): string {
  return relative(SOURCE, module).replace(/\.ts$/, '.js').replaceAll('\\', '/')
}

/** Keeps import.meta.url and import.meta.dirname of each module of ours. */
const ownPlaces: Plugin = {
  name: 'own-places',
  transform(code, id) {
    if (!id.startsWith(SOURCE) || !code.includes('import.meta.')) return null
    const url = `new URL('${PLACE}/${placeOf(id)}', import.meta.url)`
    const places = { url: `${url}.href`, dirname: `${FOLDER_OF}(${url})` }
    return code.replaceAll(
      /\bimport\.meta\.(url|dirname)\b/g,
      (_, asked: keyof typeof places) => places[asked]
    )
  },
  renderChunk(code, { fileName }) {
    return code.includes(PLACE)
      ? code.replaceAll(PLACE, relative(join('/', fileName, '..'), '/') || '.')
      : null
  }
}

/** Writes the program to that folder, and returns the files that it came of. */
export async function bundleProgram(folder: string): Promise<string[]> {
  const workers = globSync('**/*-worker.ts', { cwd: SOURCE }).map(file => file.replace(/\.ts$/, ''))
  const names = [ENTRY, ...workers]
  const bundle = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(names.map(name => [name, join(SOURCE, `${name}.ts`)])),
    platform: 'node',
    plugins: [ownPlaces]
  })
  const { output } = await bundle.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js'
  })
  await bundle.close()
  return output.flatMap(chunk => (chunk.type === 'chunk' ? chunk.moduleIds : []))
}
