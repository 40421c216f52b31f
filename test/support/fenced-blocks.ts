/**
 * The fenced code blocks of a page in Markdown, including indented ones in lists.
 * @param language a name, or several ones with `|` between them
 */
export function fencedBlocks(page: string, language: string): string[] {
  const fenced = new RegExp(`^ *\`\`\`(?:${language})\n(.*?)^ *\`\`\``, 'gms');
  return [...page.matchAll(fenced)].map(([, text = '']) => text.trim());
}
