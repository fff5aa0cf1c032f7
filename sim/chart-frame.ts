/** What the pictures of docs/ that the simulator draws have in common: SVG on white, with a title. */

export function framed(
  frame: { readonly width: number; readonly height: number; readonly left: number; readonly title: string },
  lines: readonly string[]
): string {
  const { width, height, left, title } = frame
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${left}" y="24" font-size="15">${title}</text>`,
    ...lines,
    '</svg>',
    ''
  ].join('\n')
}

/** Pixels with a digit behind the point are enough. */
export function rounded(pixels: number): number {
  return Math.round(pixels * 10) / 10
}
