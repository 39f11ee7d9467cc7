# holley-graph as an image, with everything that training needs. Most of it is PyTorch with NVIDIA's libraries.
#
#   docker build -t holley-graph .
#   docker run --rm holley-graph --help
#
# Every package is checked by its hash. The server is that of docker-compose.yml.
# tests/unit/test_deploy.py holds this file against the tree, and tests/packaging runs its steps without Docker.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_SYSTEM_PYTHON=1
WORKDIR /app

# What changes rarely comes first: a change of the code installs no package anew.
COPY requirements/bootstrap.txt requirements/image.txt requirements/lock.txt requirements/
RUN python -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
RUN uv pip sync --require-hashes requirements/image.txt

COPY pyproject.toml README.md LICENSE NOTICE ./
COPY cypher cypher
COPY loaders loaders
COPY holley_graph holley_graph
RUN uv pip install --no-deps --build-constraints requirements/lock.txt .

RUN useradd --uid 10001 --create-home holley && install -d -o holley -m 700 /home/holley/graph /home/holley/mail
USER holley
ENV HOLLEY_GRAPH_HOME=/home/holley/graph
VOLUME ["/home/holley/graph", "/home/holley/mail"]
ENTRYPOINT ["holley-graph"]
CMD ["--help"]
