import { describe, expect, it } from 'vitest';
import { type ChatMessage, renderChat } from '../chat.ts';
import expected from './expected.json' with { type: 'json' };

const messages = expected.messages as ChatMessage[];
const cases = expected.cases as [string, string | null][];
const written = (source: string): Promise<string | null> => renderChat(source, messages).catch(() => null);

describe('fragments of templates, beside Python’s Jinja', () => {
  const known = cases.filter(([, text]) => text !== null);
  it('give its text or are refused, never another text', async () => {
    const others: unknown[] = [];
    for (const [source, text] of cases) {
      const own = await written(source);
      if (own !== null && own !== text) others.push({ source, text, own });
    }
    expect(others).toEqual([]);
    expect(known.length).toBeGreaterThan(70);
  });
  it('are refused though it takes them: these alone', async () => {
    const refused = [];
    for (const [source] of known) if ((await written(source)) === null) refused.push(source);
    expect(refused).toEqual([
      "{{ ('a',) }}",
      "{{ messages|selectattr('name','undefined')|list|length }}",
      "{{ 'abc'.startswith('b', 1) }}",
      '{{ 1e16 }}',
      '{% raw %}{{ x }}{% endraw %}',
      '{{ [1, 2, 3]|sum }}',
      '{{ 2.5|round }} {{ 3.14159|round(2) }}',
      "{{ '%s-%d'|format('a', 3) }}",
      "{{ '%s' % 'a' }}",
      "{{ 3 * 'ab' }}",
      "{{ 'a-b'.rsplit('-', 1) }}",
      '{{ "it\'s"|e }}',
      '{{ dict(a=1).a }}',
      "{{ messages|groupby('role')|list|length }}",
      "{{ messages|map('length')|list }}",
      '{{ 3 is divisibleby(3) }}',
    ]);
  });
});

const refusal = (source: string) =>
  renderChat(source, messages).then(
    () => null,
    ({ message, details }) => ({ message, why: details.why }),
  );

describe('what is refused', () => {
  it('by the template itself is about the messages', async () =>
    expect(await refusal("{{ raise_exception('no system') }}")).toEqual({
      message:
        'the chat template of the model cannot be rendered: no system. Check the roles of the messages; the template may refuse some, such as system.',
      why: 'refused',
    }));
  it('as it is no template is about the template', async () => {
    for (const source of ['{% for m in messages %}x', '{{ messages[0].content }', '{% if %}{% endif %}'])
      expect(await refusal(source)).toMatchObject({
        why: 'syntax',
        message: expect.stringContaining('The template is damaged, or has what this version does not read'),
      });
  });
  it('as Python would write or do something else says what it is', async () => {
    const said = async (source: string) => (await refusal(source))?.message;
    expect(await said('{{ messages[0].a.b }}')).toContain('messages[…].a is undefined, and so has no b');
    expect(await said("{{ 'a' + 1 }}")).toContain('it computes string + integer');
    expect(await said('{{ 9007199254740993 }}')).toContain('larger than 2^53');
    const outside = '{% macro f() %}{% break %}{% endmacro %}{% for m in messages %}{{ f() }}{% endfor %}';
    expect(await said(outside)).toContain('break stands outside of a loop');
  });
  it('as it would not end is stopped', async () => {
    const loops = '{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}';
    expect((await refusal(loops))?.message).toContain('3,000,000 steps');
    expect((await refusal('{% for a in range(1000000000) %}{% endfor %}'))?.message).toContain('longer than 10,000');
    const doubled =
      "{% set ns = namespace(x='ab') %}{% for i in range(40) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}";
    expect((await refusal(doubled))?.why).toBe('unknown');
  });
});
