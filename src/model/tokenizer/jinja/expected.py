"""Writes expected.json: what Python's Jinja makes of fragments of chat templates, for jinja.test.ts.

Set up as transformers sets it up: sandbox, loop controls, trim_blocks, lstrip_blocks, its tojson and raise_exception;
tools and documents are none. Run: python3 src/model/tokenizer/jinja/expected.py > src/model/tokenizer/jinja/expected.json
"""
import json

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

MESSAGES = [
    {"role": "user", "content": "a b"},
    {"role": "assistant", "content": "<think>\nwhy\n</think>\n\n    c", "items": [1, "둘", None]},
    {"role": "user", "content": " d\n", "name": None, "score": 0.5},
]

FRAGMENTS = r"""
{{ 'x</think>\n\n    code'.split('</think>')[-1].lstrip('\n') }}|
{{ 'a  \n\n'.rstrip('\n') }}|{{ '  \na\n '.strip('\n') }}|{{ '---a'.strip('-') }}|{{ 'a.b.'.rstrip('.') }}
{{ '\t a\n '.strip() }}|{{ 'xxaxx'.strip(none) }}|{{ 'abcab'.strip('ba') }}|{{ '한글한'.lstrip('한') }}|{{ '😀a😀'.strip('😀') }}
{{ messages[1].content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') }}
{{ ' a '|trim }}|{{ 'xax'|trim('x') }}|{{ 'a,b,c'.split(',', 1) }}
{% for m in messages %}[{{ m.content }}{% if loop.index==2 %}{% break %}{% endif %}]{% endfor %}
{% for m in messages %}[{{ m.role }}{% if loop.index==2 %}{% continue %}{% endif %}]{% endfor %}
{% for m in messages %}{% if m.role == 'user' %}{% continue %}{% endif %}{{ m.role }}{% else %}none{% endfor %}
{% for m in messages %}{% continue %}{% else %}none{% endfor %}|{% for m in messages %}x{% break %}{% else %}none{% endfor %}|{% for m in [] %}x{% else %}none{% endfor %}
{% for i in range(3) %}{{ i }}({% for j in range(4) %}{% if j > i %}{% break %}{% endif %}{{ j }}{% endfor %}){% if i == 1 %}!{% break %}{% endif %}{% endfor %}
{% for i in range(3) %}a{% for j in range(3) %}b{% if j == 1 %}{% continue %}{% endif %}c{% endfor %}{% if i == 0 %}{% continue %}{% endif %}d{% endfor %}
{% for m in messages if m.role=='user' %}{{ loop.index }}{{ loop.last }}{% if loop.last %}{% break %}{% endif %},{% endfor %}
{% set x=1 %}{% for i in range(3) %}{% set x=x+i %}{{ x }}{% endfor %}|{{ x }}
{% for i in range(3) %}{{ y is defined }}{% set y = i %}{{ y }}{% endfor %}{{ y is defined }}
{% set ns=namespace(x=1) %}{% for i in range(3) %}{% set ns.x=ns.x+i %}{% endfor %}{{ ns.x }}
{% if true %}{% set z = 2 %}{% endif %}{{ z }}
{% if tools is not none %}T{% endif %}{% if documents %}D{% endif %}{{ tools }}|{{ tools is none }}{{ documents is defined }}
{{ true }} {{ messages|length > 1 }} {{ none }} {{ [true, none, 'x', 1, 1.0] }}
{{ {'a': 1, "it's": [none, 'q"'], 'b': {'c': 'é\n'}} }}
{{ ('a', 1) }} {{ [] }} {{ {} }}
{{ ('a',) }}
{{ 1.0 }} {{ 10/4 }} {{ 10/5 }} {{ 7//2 }} {{ -7//2 }} {{ 7%4 }} {{ -7%3 }} {{ 7%-3 }} {{ 2**3 }}
{{ 1 == 1.0 }} {{ '1' == 1 }} {{ [1, 2] == [1, 2] }} {{ {'a': 1} == {'a': 1} }} {{ true == 1 }} {{ none == foo }} {{ foo == bar }} {{ '' == false }}
{{ 'a' ~ 1 ~ none ~ true ~ 1.5 ~ ['x'] }}
{{ 'a' + 1 }}
{{ 'a' + foo }}
{{ foo.bar }}
{{ messages[0].a.b }}
{{ messages[0].a }}|{{ messages[9] is defined }}|{{ foo }}|{{ 'x' if false }}
{{ nofunc() }}
{{ messages | banana }}
{{ 1 / 0 }}
{{ raise_exception('no') }}
{{ messages[1].items is defined }}{% for k, v in messages[0].items() %}{{ k }}={{ v }};{% endfor %}{{ messages[1]['items'] }}
{{ messages[0].items()|list }} {{ messages[0]|items|list }} {{ {'b':1,'A':2}|dictsort }} {{ {'b':1,'a':2}|dictsort|first }}
{{ messages.length is defined }} {{ 'abc'.length is defined }} {{ messages|length }} {{ '한글😀'|length }} {{ '한글😀'[2] }} {{ 'abc'[-1] }}
{{ messages|tojson }}
{{ messages|tojson(indent=2) }}
{{ {'z':1.0,'a':'한','B':[]}|tojson(sort_keys=true) }} {{ 'é'|tojson(ensure_ascii=true) }} {{ [1, 2]|tojson(separators=(',', ':')) }}
{{ foo|tojson }}
{{ messages|map(attribute='role')|join(',') }} {{ [1, none, true]|join('-') }} {{ 'x'.join(['a', 'b']) }} {{ 'abc'|join('.') }}
{{ 'hELLO wORLD'|capitalize }} {{ 'hELLO'.capitalize() }} {{ "it's a-b"|title }} {{ "it's a-b".title() }} {{ 'straße'|upper }}
{{ '5'|int + 1 }} {{ '5.7'|int }} {{ '5abc'|int }} {{ 'x'|int(7) }} {{ -1.5|int }} {{ '1.5'|float }} {{ '1.5x'|float }} {{ 3|float }}
{{ 'x'|default('y') }}{{ q|default('y') }}{{ ''|default('z', true) }}{{ q|default(default_value='k') }}{{ none|default('n') }}{{ q|d }}
{{ []|first }}|{{ []|last is defined }}|{{ 'abc'|first }}{{ 'abc'|last }}|{{ 'ab'|list }}
{{ ['a', 'A', 'b', 'a']|unique|list }} {{ [3,1,2]|sort|list }} {{ ['b', 'A']|sort }} {{ [3,1,2]|sort|reverse|list }}
{{ messages|selectattr('role','equalto','user')|map(attribute='content')|list }} {{ messages|rejectattr('role','equalto','user')|list|length }}
{{ messages|selectattr('name','defined')|list|length }} {{ messages|selectattr('name')|list|length }}
{{ messages|selectattr('name','undefined')|list|length }}
{{ 'a' in 'abc' }}{{ 'role' in messages[0] }}{{ 'x' not in ['y'] }}{{ 1 in [1.0] }}{{ [1] in [[1]] }}{{ 'x' in foo }}{{ none in [none] }}
{{ messages is iterable }}{{ 'x' is string }}{{ 1 is number }}{{ true is number }}{{ messages[0] is mapping }}{{ messages[0] is iterable }}{{ messages is sequence }}{{ foo is iterable }}{{ 5 is odd }}{{ 'a1' is lower }}{{ '1' is lower }}
{{ 'a' < 'b' }} {{ 'a' < 'B' }} {{ 'ab' <= 'ab' }} {{ 'b' > 'abc' }} {{ 1 < 2.5 }}
{{ not messages }} {{ not foo }} {{ foo and 1 }}|{{ foo or 'd' }} {{ '' or none }} {{ 0 and 1 }}
{% for c in 'a😀' %}{{ c }},{% endfor %}{% for x in foo %}x{% else %}no{% endfor %}{% for k in messages[0] %}{{ k }}{% endfor %}
{% for m in messages %}{{ loop.cycle('a','b') }}{{ loop.revindex }}{{ loop.previtem.role if loop.previtem }}{{ loop.first }}{% endfor %}
{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }};{% endfor %}{% set a, b = (5, 6) %}{{ a }}{{ b }}
{% set y %}ab{{ 1 }}{{ none }}{% endset %}[{{ y }}]{% filter upper %}abc{{ true }}{% endfilter %}
{% macro f(a, b=2) %}{{ a }}{{ b }}{% if a == 1 %}!{% endif %}{% endmacro %}{{ f(1) }}{{ f(1, b=3) }}{{ f(none) }}
{% set g = 'top' %}{% macro f() %}{{ g }}{{ i is defined }}{% endmacro %}{% for i in range(2) %}{% set g = 'loop' %}{{ f() }}{% endfor %}
{% macro box(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call box('b') %}in{{ 1 }}{% endcall %}
{% for i in range(2) %}{% macro f(n) %}{% for j in range(n) %}{{ j }}{% if j == 1 %}{% break %}{% endif %}{% endfor %}{% endmacro %}{{ f(4) }};{% endfor %}
  {% if true %}
  a
  {% endif %}
b
{{ 'a' }}
{%- if true -%}
 b 
{%- endif %}
c
{{ 'abc'[1:] }}{{ 'abc'[::-1] }}{{ messages[-1].content }}{{ messages[::-1][0].role }}{{ '한글😀'[1:] }}
{{ 'a b'.split() }}{{ 'a-b-c'.split('-') }}{{ 'abc'.startswith(('x', 'a')) }}{{ 'abc'.endswith('c') }}
{{ 'abc'.startswith('b', 1) }}
{{ 'abc'.find('c') }}{{ '😀c'.find('c') }}{{ 'abc'.replace('b', 'x') }}{{ 'aaa'.replace('a', 'b', 2) }}{{ 'abc'.removeprefix('a') }}{{ 'abc'.removesuffix('c') }}
{{ messages[0].get('x', 'd') }}{{ messages[0].get('x') }}{{ messages[0].keys()|list }}{{ messages[0]['role'] }}
{{ 'a\nb'|indent(2) }}{{ 'a'|replace('a', 'z') }}{{ 5|string + 'a' }}{{ none|string }}{{ [1]|string }}{{ -3|abs }}
{{ 1e16 }}
{{ 10000000000.0 * 1000000 }} {{ 1 / 3 }} {{ 0.00001 * 1 }} {{ 100.0 }} {{ 0.1 + 0.2 }}
{{ range(3)|list }}{{ range(1, 7, 3)|list }}{{ range(3, 0, -1)|list }}
{{ messages[0].content.__class__ }}{{ messages[0]['constructor'] }}{{ messages.constructor }}
{{ {}.constructor.constructor('return 1')() }}
{% for m in messages %}x
{% endfor
{% for m in messages %}x
{{ messages[0].content }
{% break %}
{% raw %}{{ x }}{% endraw %}
{{ [1, 2, 3]|sum }}
{{ 2.5|round }} {{ 3.14159|round(2) }}
{{ '%s-%d'|format('a', 3) }}
{{ '%s' % 'a' }}
{{ 'ab' * 3 }}{{ '=' * 0 }}
{{ 3 * 'ab' }}
{{ 'a-b'.rsplit('-', 1) }}
{{ "it's"|e }}
{{ dict(a=1).a }}
{{ messages|groupby('role')|list|length }}
{{ messages|map('length')|list }}
{{ 3 is divisibleby(3) }}
"""
LINES_TOGETHER = ("  {% if true %}\n  a\n  {% endif %}\nb", "{{ 'a' }}\n{%- if true -%}\n b \n{%- endif %}\nc", "{% for m in messages %}x\n{% endfor")


def fragments():
    text = FRAGMENTS[1:-1]
    for i, together in enumerate(LINES_TOGETHER):
        text = text.replace(together, f"@{i}")
    for line in text.split("\n"):
        yield LINES_TOGETHER[int(line[1:])] if line.startswith("@") else line


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception


def rendered(source):
    try:
        return environment.from_string(source).render(
            messages=MESSAGES, add_generation_prompt=True, tools=None, documents=None
        )
    except Exception:
        return None


cases = [[source, rendered(source)] for source in fragments()]
print(json.dumps({"messages": MESSAGES, "cases": cases}, ensure_ascii=False, separators=(",", ":")))
