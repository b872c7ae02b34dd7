# syntax=docker/dockerfile:1
# Two images of one file: `--target web` serves and works, and holds no build tools.
FROM node:24-slim AS front
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY frontend frontend
COPY templates templates
COPY apps apps
RUN node frontend/build.mjs

FROM python:3.11-slim AS deps
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --require-hashes --only-binary :all: -r requirements.lock

FROM python:3.11-slim AS web
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=config.settings
# What the extra `pdf` draws with, and letters for Chinese, Japanese and Korean.
RUN apt-get update && \
    apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core fonts-noto-cjk && \
    rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app storewright && mkdir -p /documents && chown storewright /documents
WORKDIR /app
COPY --from=deps /venv /venv
COPY manage.py ./
COPY config config
COPY apps apps
COPY templates templates
COPY tools/__init__.py tools/messages.py tools/
COPY --from=front /src/static static
# Catalogues and hashed static files belong to the image; a throw-away key, nothing is encrypted or served here.
RUN python -m tools.messages --compile && \
    SECRET_KEY=build DATABASE_URL=postgres://build@localhost/build REDIS_URL=redis://localhost BASE_URL=https://build \
    STATIC_ROOT=/app/staticfiles python manage.py collectstatic --noinput -v 0
USER storewright
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "3", "--threads", "4"]
