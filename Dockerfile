# Baton with Airflow and the Celery executor: one image for every service of docker-compose.yml.
FROM python:3.11.14-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock README.md ./
# Dependencies first: they change less often than the code.
RUN uv sync --frozen --no-default-groups --extra celery --no-install-project --compile-bytecode --python /usr/local/bin/python3
COPY baton baton
COPY connectors connectors
RUN uv sync --frozen --no-default-groups --extra celery --no-editable --compile-bytecode --python /usr/local/bin/python3

FROM python:3.11.14-slim-bookworm
# What the banks' envelopes are made with where Python does not do it: openpgp (the agent holds the private key) and sm4.
RUN apt-get update && apt-get install --yes --no-install-recommends gpg gpg-agent openssl \
    && rm --recursive --force /var/lib/apt/lists/*
RUN groupadd --gid 10001 baton && useradd --uid 10001 --gid baton --create-home baton \
    && install -d -o baton -g baton /app /app/state /app/inbox /airflow /airflow/logs
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY dags dags
COPY mappings mappings
ENV PATH=/app/.venv/bin:$PATH AIRFLOW_HOME=/airflow BATON_SYSTEMS=/app/systems.yaml PYTHONUNBUFFERED=1 LANG=C.UTF-8
USER baton
CMD ["baton", "--help"]
