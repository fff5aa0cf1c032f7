/** The files of a version by path, and the folders that they lie in. */

export interface ContentFile {
  /** Components relative to the root of the version. */
  readonly path: readonly string[]
  readonly bytes: number
  /** Where a symbolic link leads, from the root of the version; it has no bytes of its own. */
  readonly symlink: readonly string[] | undefined
  /**
   * The same exactly for the same bytes: the object's root. Of a sealed file the version and the name of its object,
   * from which nobody can tell whether it is a file that they know.
   */
  readonly tag: string
}

export interface ContentFolder {
  /** Names of folders in it, and its files by name; both in the order of the version. */
  readonly folders: ReadonlySet<string>
  readonly files: ReadonlyMap<string, ContentFile>
}

interface GrowingFolder {
  readonly folders: Set<string>
  readonly files: Map<string, ContentFile>
}

export class ContentTree {
  readonly #folders = new Map<string, GrowingFolder>()

  constructor(files: Iterable<ContentFile>) {
    this.#folder([])
    for (const file of files) this.#folder(file.path.slice(0, -1)).files.set(file.path.at(-1) ?? '', file)
  }

  file(path: readonly string[]): ContentFile | undefined {
    return this.#folders.get(keyOf(path.slice(0, -1)))?.files.get(path.at(-1) ?? '')
  }

  folder(path: readonly string[]): ContentFolder | undefined {
    return this.#folders.get(keyOf(path))
  }

  #folder(path: readonly string[]): GrowingFolder {
    const known = this.#folders.get(keyOf(path))
    if (known !== undefined) return known
    const made: GrowingFolder = { folders: new Set(), files: new Map() }
    this.#folders.set(keyOf(path), made)
    const name = path.at(-1)
    if (name !== undefined) this.#folder(path.slice(0, -1)).folders.add(name)
    return made
  }
}

/** No component of a path has a slash. */
function keyOf(path: readonly string[]): string {
  return path.join('/')
}
