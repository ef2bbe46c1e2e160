"""What is publicly known of models, hosts and providers: tables in `policies/registry/`, and the facts they tell."""
